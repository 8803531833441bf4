"""Runs the test suite of a library with and without observation, and compares what each test did.

    python benchmarks/suites_run.py run CHECKOUT --python PYTHON --jaxaudit JAXAUDIT --into FOLDER [--ways off,run]
                                    [--only FILE ...] [--files] [--sample STRIDE,OFFSET] [-- PYTEST ARGUMENTS]
    python benchmarks/suites_run.py table FOLDER

CHECKOUT is the library's repository at the tag that PYTHON has installed; jaxaudit is installed elsewhere (JAXAUDIT is its
command), except for the way `plugin`, for which PYTHON has it too. `--only test_misc test_ad` runs these files alone. With
`--files`, each test file gets a process of its own. What was run already is not run again. A way may be run twice, `off`
and `off2`: what differs there is not our doing.
"""

import argparse
import json
import os
import re
import resource
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path
from typing import Any

PLUGIN = Path(__file__).parent / "suites"
PASSING = re.compile(r"0x[0-9a-f]+|\d+(\.\d+)?( ?(ms|s|seconds))\b|/tmp/\S+")
"""What differs from run to run: addresses, times, temporary files."""


def main() -> None:
    if "--" in sys.argv:
        cut = sys.argv.index("--")
        sys.argv, more = sys.argv[:cut], sys.argv[cut + 1 :]
    else:
        more = []
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    verbs = parser.add_subparsers(dest="verb", required=True)
    run = verbs.add_parser("run")
    run.add_argument("checkout", type=Path)
    run.add_argument("--python", type=Path, required=True)
    run.add_argument("--jaxaudit", default="jaxaudit")
    run.add_argument("--into", type=Path, required=True)
    run.add_argument("--ways", default="off,run")
    run.add_argument("--only", nargs="+", default=[])
    run.add_argument("--files", action="store_true")
    run.add_argument("--sample", default="1,0")
    verbs.add_parser("table").add_argument("folder", type=Path)
    asked = parser.parse_args()
    if asked.verb == "table":
        show(asked.folder)
    else:
        run_suite(asked, more)


def run_suite(asked: argparse.Namespace, more: list[str]) -> None:
    tests = next(asked.checkout / name for name in ("tests", "test") if (asked.checkout / name).is_dir())
    files = [tests / f"{name}.py" for name in asked.only] or sorted(tests.glob("test_*.py"))
    units = [[file] for file in files] if asked.files else [files] if asked.only else [[tests]]
    asked.into.mkdir(parents=True, exist_ok=True)
    for turn, unit in enumerate(units):
        ways = asked.ways.split(",")
        paths = [str(path.relative_to(asked.checkout)) for path in unit]
        stems = "+".join(path.stem.removeprefix("test_") for path in unit)
        for way in ways if turn % 2 == 0 else reversed(ways):
            name = f"{asked.checkout.name}.{stems}.{asked.sample}.{way}"
            done = asked.into / f"{name}.run.json"
            if not done.exists():
                told = run_once(asked, paths, way, asked.into / f"{name}.jsonl", more)
                done.write_text(json.dumps(told))
                print(name, told, flush=True)


def run_once(asked: argparse.Namespace, paths: list[str], way: str, outcomes: Path, more: list[str]) -> dict[str, Any]:
    outcomes.unlink(missing_ok=True)
    environ = {name: value for name, value in os.environ.items() if not name.startswith(("JAXAUDIT", "PYTHONPATH"))}
    environ |= {"OUTCOMES": str(outcomes.resolve()), "SAMPLE": asked.sample, "PYTHONPATH": str(PLUGIN.resolve())}
    environ |= {"JAX_PLATFORMS": "cpu", "PYTHONHASHSEED": "0", "EQX_GETKEY_SEED": "7"}
    tests = ["-m", "pytest", *paths, "-p", "outcome_recorder", "-p", "no:cacheprovider", "-q", *more]
    command = [str(asked.python.absolute()), *tests]
    if way == "run":
        command = [asked.jaxaudit, "run", "--quiet", "--python", command[0], *tests]
    elif way == "env":
        path = subprocess.run([asked.jaxaudit, "probe-path"], capture_output=True, text=True, check=True).stdout.strip()
        environ |= {"JAXAUDIT": "run", "PYTHONPATH": path + os.pathsep + environ["PYTHONPATH"]}
    elif way == "plugin":
        command.append("--jaxaudit")
    before, began = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
    with outcomes.with_suffix(".txt").open("w") as text:
        done = subprocess.run(
            command, cwd=asked.checkout, env=environ, stdout=text, stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL
        )
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return {"code": done.returncode, "wall": round(time.perf_counter() - began, 1), "cpu": round(cpu, 1)}


def show(folder: Path) -> None:
    """One row for each observed run, and each difference below it."""
    for done in sorted(folder.glob("*.run.json")):
        name, _, way = done.name.removesuffix(".run.json").rpartition(".")
        plain = folder / f"{name}.off.run.json"
        if way == "off" or not plain.exists():
            continue
        one, other = outcomes_of(folder / f"{name}.off.jsonl"), outcomes_of(folder / f"{name}.{way}.jsonl")
        cost, dearer = json.loads(plain.read_text()), json.loads(done.read_text())
        counts = ", ".join(f"{n} {outcome}" for outcome, n in Counter(what for what, _ in one.values()).most_common())
        same = sum(one.get(test) == other.get(test) for test in one.keys() | other.keys())
        print(
            f"| {name} | {way} | {counts} | {same} of {len(one.keys() | other.keys())} the same | "
            f"exit codes {cost['code']} and {dearer['code']} | CPU {cost['cpu']:.0f} s and {dearer['cpu']:.0f} s | "
            f"wall {cost['wall']:.0f} s and {dearer['wall']:.0f} s |"
        )
        for test in sorted(one.keys() | other.keys()):
            if one.get(test) != other.get(test):
                print(f"    {test}\n        {one.get(test)}\n        {other.get(test)}")


def outcomes_of(file: Path) -> dict[str, tuple[str, str]]:
    """Of each test: passed, failed, skipped, ..., and the text of what failed and of what was warned."""
    seen: dict[str, tuple[str, str]] = {}
    for line in file.read_text().splitlines():
        told = json.loads(line)
        outcome, text = seen.get(told["id"], ("not finished", ""))
        if told["when"] == "teardown" and outcome == "not finished":
            outcome = "passed"
        if told["outcome"] not in ("passed", "warning"):
            outcome = f"{told['outcome']} at {told['when']}"
        seen[told["id"]] = outcome, text + PASSING.sub("", told["text"])
    return seen


if __name__ == "__main__":
    main()
