"""Programs that are really run under the probe, and what a rule sees of each."""

import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

from jaxaudit.evidence import read_record
from jaxaudit.model import Finding
from jaxaudit.rules import load_rules
from processes import SRC

RUNNER = """
import runpy, sys, threading
for path in sys.argv[1:]:
    one = threading.Thread(target=runpy.run_path, args=(path,), kwargs={"run_name": "__main__"})
    one.start()
    one.join()
"""
"""Each in a thread, so that what one dies of passes none of the user's frames on its way out."""


def findings_of(
    folder: Path, rules: tuple[str, ...], programs: Mapping[str, str], *argv: str
) -> dict[str, list[Finding]]:
    """What these rules find in each of the programs (file name without `.py`: text), all run in one process."""
    for name, text in programs.items():
        (folder / f"{name}.py").write_text(text, "utf-8")
    record = folder / "record"
    record.mkdir(exist_ok=True)
    env = {name: value for name, value in os.environ.items() if not name.startswith(("JAXAUDIT", "PYTHON", "JAX_"))}
    env |= {"PYTHONPATH": f"{SRC / 'jaxaudit_probe' / 'site'}{os.pathsep}{folder}", "JAXAUDIT": "run"}
    env |= {"JAXAUDIT_RECORD": str(record), "JAX_PLATFORMS": "cpu"}
    command = argv or ("-c", RUNNER, *(str(folder / f"{name}.py") for name in programs if not name.startswith("_")))
    subprocess.run([sys.executable, *command], cwd=folder, env=env, capture_output=True, check=False, timeout=300)
    evidence = read_record(record, folder)
    assert not evidence.notes, evidence.notes
    found = [
        one for rule in map(load_rules().get, rules) if rule and rule.observe for one in rule.observe(rule, evidence)
    ]
    return {name: [one for one in found if one.place.path == f"{name}.py"] for name in programs}


def said(found: list[Finding]) -> list[str]:
    return [f"{one.rule}:{one.place.line}: {one.message} ({one.confidence})" for one in found]
