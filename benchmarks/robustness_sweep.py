"""Checks every Python file of a folder and says what could not be read, what failed, and what it cost.

    python benchmarks/robustness_sweep.py [FOLDER ...]      (default: the packages of this Python)

Each folder is checked as a whole in a process of its own, cold, without the cache. Exits 1 when a rule failed, a
process died or an `unread` entry has no reason; files that can't be read are no failure, they are listed.
"""

import argparse
import json
import subprocess
import sys
import sysconfig
from collections import Counter
from typing import Any

from jaxaudit.model import Unread
from jaxaudit.source.files import discover, read_file

_WORK = """\
import json, resource, sys, time
from jaxaudit.steps.check import Options, check
document = check(sys.argv[1:], Options(cached=False, jobs=1))
usage = resource.getrusage(resource.RUSAGE_SELF)
scale = 1 << 20 if sys.platform == "darwin" else 1 << 10
print(json.dumps({
    "summary": document["summary"],
    "unread": document["unread"],
    "faults": document["faults"],
    "rules": [finding["rule"] for finding in document["findings"]],
    "cpu_s": round(time.process_time(), 2),
    "peak_mib": usage.ru_maxrss // scale,
}))
"""


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folders", nargs="*", default=[sysconfig.get_path("purelib")])
    parser.add_argument("--timeout", type=float, default=1800.0, help="seconds for one folder")
    parser.add_argument("--unread", type=int, default=20, help="so many unread files are listed")
    options = parser.parse_args()
    return max(sweep(folder, options.timeout, options.unread) for folder in options.folders)


def sweep(folder: str, timeout: float, listed: int) -> int:
    """Effect: prints what checking one folder showed. 1 when something failed."""
    print(f"{folder}: {lines_under(folder):,} lines")
    try:
        done = subprocess.run(
            [sys.executable, "-c", _WORK, folder], capture_output=True, text=True, timeout=timeout, check=False
        )
    except subprocess.TimeoutExpired:
        print(f"  FAILED: not done after {timeout:.0f} s")
        return 1
    if done.returncode != 0:
        print(f"  FAILED: exit code {done.returncode}\n{done.stderr[-3000:]}")
        return 1
    return report(json.loads(done.stdout), listed)


def report(result: dict[str, Any], listed: int) -> int:
    print(f"  {result['summary']['files']:,} files, {result['cpu_s']} s CPU, at most {result['peak_mib']} MiB")
    for rule, count in Counter(result["rules"]).most_common():
        print(f"  {count:6,} {rule}")
    print(f"  {len(result['unread'])} unread")
    for entry in result["unread"][:listed]:
        print(f"    {entry['path']}: {entry['reason']}")
    silent = [entry["path"] for entry in result["unread"] if not entry["reason"]]
    for fault in result["faults"]:
        print(f"  FAILED: {fault}")
    return 1 if result["faults"] or silent else 0


def lines_under(folder: str) -> int:
    read = [read_file(path) for path in discover([folder]).paths]
    return sum(file[0].count(b"\n") for file in read if not isinstance(file, Unread))


if __name__ == "__main__":
    sys.exit(main())
