"""How fast `check` is, as ratios of CPU seconds to what nobody can do without: parsing the same files.

    python benchmarks/check_speed.py [FOLDER] [--rounds 5]

FOLDER is a package to check (default: the installed jax). Every figure is a whole process (start-up included), user and
system time together; the commands take turns, so that a machine that slows down slows all of them. Printed are medians and
the smallest and largest ratio of a round.
"""

import argparse
import importlib.util
import os
import resource
import shutil
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path

PARSE = """
import ast, sys
for path in sys.stdin.read().splitlines():
    with open(path, "rb") as file:
        ast.parse(file.read())
"""


ENVIRONMENT = {key: value for key, value in os.environ.items() if key != "PYTHONDONTWRITEBYTECODE"}
"""Modules are compiled once, as in an installed package; the first round only warms up."""
ENVIRONMENT["PYTHONPATH"] = str(Path(__file__).parents[1] / "src")


def cpu_seconds(command: Sequence[str], given: str = "") -> float:
    """User and system seconds of one command, from the operating system's account of finished children."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    done = subprocess.run(command, input=given, text=True, capture_output=True, env=ENVIRONMENT)
    if done.returncode:
        raise SystemExit(f"{' '.join(command)} ended with {done.returncode}: {done.stderr.strip()[-400:]}")
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def peak_megabytes() -> float:
    return resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", nargs="?", type=Path)
    parser.add_argument("--rounds", type=int, default=5)
    arguments = parser.parse_args()
    source = arguments.folder or installed("jax")
    with tempfile.TemporaryDirectory() as scratch:
        ENVIRONMENT["PYTHONPYCACHEPREFIX"] = str(Path(scratch, "bytecode"))
        folder = Path(scratch, source.name)
        shutil.copytree(source, folder, ignore=shutil.ignore_patterns("__pycache__", "*.so"))
        measure(folder, Path(scratch, "cache"), arguments.rounds)


def measure(folder: Path, cache: Path, rounds: int) -> None:
    files = sorted(str(path) for path in folder.rglob("*.py"))
    lines = sum(Path(path).read_bytes().count(b"\n") for path in files)
    changed = Path(max(files, key=os.path.getsize))
    tool = [sys.executable, "-m", "jaxaudit"]
    check = [*tool, "check", "--exit-zero", "--quiet", "--jobs", "1", str(folder)]
    with_cache = [*check, "--cache-dir", str(cache)]

    def cold() -> float:
        shutil.rmtree(cache, ignore_errors=True)
        return cpu_seconds(with_cache)

    def after_a_change(words: str) -> float:
        with changed.open("a") as file:
            file.write(f"\n{words}\n")
        return cpu_seconds(with_cache)

    kinds: dict[str, Callable[[], float]] = {
        "ast.parse": lambda: cpu_seconds([sys.executable, "-c", PARSE], "\n".join(files)),
        "cold": cold,
        "nothing changed": lambda: cpu_seconds(with_cache),
        "one comment added": lambda: after_a_change("# changed"),
        "one file changed": lambda: after_a_change(f"changed_{os.getpid()} = {len(seconds['cold'])}"),
        "without a cache": lambda: cpu_seconds([*check, "--no-cache"]),
        "bare interpreter": lambda: cpu_seconds([sys.executable, "-c", "pass"]),
        "--version": lambda: cpu_seconds([*tool, "--version"]),
        "--help": lambda: cpu_seconds([*tool, "--help"]),
    }
    seconds: dict[str, list[float]] = {name: [] for name in kinds}
    cold()
    for _ in range(rounds):
        for name, run in kinds.items():
            seconds[name].append(run())
    print(f"{folder.name}: {len(files)} files, {lines:,} lines; Python {sys.version.split()[0]}; {rounds} rounds")
    print(f"{'CPU seconds, median':24}" + "".join(f"{name:>18}" for name in kinds))
    print(f"{'':24}" + "".join(f"{statistics.median(seconds[name]):18.3f}" for name in kinds))
    print(f"largest process: {peak_megabytes():.0f} MB")
    for name, base, most in (
        ("cold", "ast.parse", 2.0), ("without a cache", "ast.parse", 2.0), ("nothing changed", "cold", 0.2),
        ("one comment added", "cold", 0.25), ("one file changed", "cold", 0.25), ("--version", "bare interpreter", 4.0), ("--help", "bare interpreter", 4.0),
    ):  # fmt: skip
        ratios = [a / b for a, b in zip(seconds[name], seconds[base])]
        middle = statistics.median(ratios)
        verdict = "within" if middle <= most else "ABOVE"
        print(f"{name} / {base}: {middle:.2f} ({min(ratios):.2f} to {max(ratios):.2f}), {verdict} {most}")


def installed(package: str) -> Path:
    found = importlib.util.find_spec(package)
    if found is None or found.origin is None:
        raise SystemExit(f"{package} is not installed here: name a folder to check")
    return Path(found.origin).parent


if __name__ == "__main__":
    main()
