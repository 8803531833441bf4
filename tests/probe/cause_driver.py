"""Runs programs one after another in this process, observed, and prints what the probe said of each as JSON lines.

Started by `test_causes.py` with the files as arguments, so that JAX is imported once for all of them.
"""

import json
import runpy
import sys
from collections.abc import Callable
from typing import Any

import jax

from jaxaudit_probe import hooks


class Told:
    def __init__(self) -> None:
        self.lines: list[tuple[str, dict[str, Any]]] = []

    def put(self, kind: str, **fields: Any) -> None:
        self.lines.append((kind, fields))

    def at_end(self, callback: Callable[[], None]) -> None:
        pass


def main() -> None:
    told = Told()
    hooks.install(told)
    for file in sys.argv[1:]:
        told.lines = [line for line in told.lines if line[0] == "site"]
        runpy.run_path(file, run_name="__main__")
        jax.config.update("jax_enable_x64", False)
        print(json.dumps({"file": file, "lines": told.lines}))


main()
