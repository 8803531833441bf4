"""Runs the examples of every rule on the Pythons given, and writes down where their claims hold.

    python benchmarks/rules_hold.py PYTHON [PYTHON ...]

Effect: merges the figures into src/jaxaudit/steps/figures/holds.json, from which the rules' pages and `explain` read.
A minute for each Python.
"""

import argparse
import json
import os
from pathlib import Path
from typing import Any

from jaxaudit.rules import load_rules
from jaxaudit.steps.figures import FOLDER
from jaxaudit.steps.rule_samples import held, requests_of
from jaxaudit.steps.sample_runs import run_samples

FILE = FOLDER / "holds.json"


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("python", nargs="+", type=Path)
    rules = load_rules()
    known: dict[str, Any] = json.loads(FILE.read_text("utf-8"))["rules"] if FILE.exists() else {}
    figures = {name: known.get(name, {}) for name in rules}
    for python in arguments.parse_args().python:
        environment = {name: value for name, value in os.environ.items() if not name.startswith(("JAX_", "XLA_"))}
        runs = run_samples(python, requests_of(rules.values()), {**environment, "JAX_PLATFORMS": "cpu"})
        if runs.jax is None:
            raise SystemExit(f"{python}: {runs.missing}")
        for name, rule in rules.items():
            good, asked, false = held(rule, runs.shown)
            if asked:
                figures[name][runs.jax] = {"held": good, "of": asked, "false": false}
            for label in false:
                print(f"JAX {runs.jax}: {name}: {label}\n    {str(runs.shown[f'{name}: {label}'])[:600]}")
        print(f"JAX {runs.jax} on Python {runs.python}: {len(runs.shown)} samples")
    kept = {name: one for name, one in sorted(figures.items()) if one}
    FILE.write_text(json.dumps({"rules": kept}, indent=1, sort_keys=True) + "\n", "utf-8")


if __name__ == "__main__":
    main()
