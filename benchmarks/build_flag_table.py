"""Builds src/jaxaudit/flags/known_flags.json: which XLA flags which jaxlib accepts.

Each jaxlib is downloaded as a wheel and unpacked; a child process then parses candidate names in XLA_FLAGS and its
words tell which of them are flags. Run it when a new jaxlib is out:

    python benchmarks/build_flag_table.py --python python3.11=0.6.2,0.7.2,0.8.3,0.9.2,0.10.2 \\
        --python python3.12=0.12.0.1

Each interpreter needs numpy and ml_dtypes. Takes about a minute per version. `--history` reads a clone of the XLA
repository for flags that went before the oldest of these versions, with the month in which the source dropped them.
"""

import argparse
import datetime
import json
import os
import re
import subprocess
import sys
import tempfile
import zipfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / "src"))

from jaxaudit.flags.library import read_flags

TABLE = Path(__file__).parents[1] / "src/jaxaudit/flags/known_flags.json"
NO_XLA_PREFIX = ("legacy_command_buffer_custom_call_targets",)
PARSE = """
from jaxlib import xla_client
options = xla_client.CompileOptions()
build = options.executable_build_options
debug = build.debug_options
print("PARSED", len(str(debug)))
"""


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--python", action="append", required=True, metavar="PYTHON=VERSION,...")
    parser.add_argument("--wheels", type=Path, help="a folder with wheels that need no download")
    parser.add_argument("--history", type=Path, help="a clone of the XLA repository")
    options = parser.parse_args()
    old = json.loads(TABLE.read_text(encoding="utf-8")) if TABLE.is_file() else {}
    marks: dict[str, dict[str, str]] = {}
    with tempfile.TemporaryDirectory() as scratch:
        for group in options.python:
            python, _, versions = group.partition("=")
            for version in versions.split(","):
                marks[version] = marks_of(python, version, Path(scratch), options.wheels)
                sys.stderr.write(f"jaxlib {version}: {len(marks[version])} names\n")
    versions_read = sorted(marks, key=lambda v: [int(part) for part in v.split(".")])
    names = sorted(set().union(*marks.values()))
    table = {
        "date": datetime.date.today().isoformat(),
        "versions": versions_read,
        "dropped_earlier": dropped(options.history, names) if options.history else old.get("dropped_earlier", {}),
        "flags": {name: "".join(marks[v].get(name, "-") for v in versions_read) for name in names},
    }
    TABLE.write_text(json.dumps(table, indent=1) + "\n", encoding="utf-8")
    return 0


def dropped(repository: Path, names: list[str]) -> dict[str, str]:
    """Flags of XLA's past that no version here knows: name -> month of the commit that dropped it."""
    command = ["git", "-C", str(repository), "log", "--reverse", "--format=@%cd", "--date=format:%Y-%m", "-p", "-U0"]
    command += ["--", "xla/debug_options_flags.cc"]
    log = subprocess.run(command, capture_output=True, text=True, errors="replace", check=True).stdout
    month, present, last = "", dict[str, int](), dict[str, str]()
    for line in log.splitlines():
        if line.startswith("@2"):
            month = line[1:]
        elif line[:1] in "+-":
            for name in re.findall(r'(?<![=\w-])"(xla_[a-z0-9_]+)"', line):
                present[name] = present.get(name, 0) + (1 if line[0] == "+" else -1)
                last[name] = month
    return {name: last[name] for name in sorted(last) if present[name] <= 0 and name not in names}


def marks_of(python: str, version: str, scratch: Path, wheels: Path | None) -> dict[str, str]:
    """name -> "b" a flag and a compiler option, "f" a flag only, "o" an option only."""
    folder = scratch / version
    with zipfile.ZipFile(wheel_of(python, version, scratch, wheels)) as archive:
        archive.extractall(folder)
    library = max((folder / "jaxlib").glob("*.so"), key=lambda p: p.stat().st_size)
    read = read_flags(library)
    flags = accepted(python, folder, sorted({*read.names, *read.options, *NO_XLA_PREFIX}))
    marks = dict.fromkeys(flags, "f")
    for name in read.options:
        marks[name] = "b" if name in flags else "o"
    return marks


def wheel_of(python: str, version: str, scratch: Path, wheels: Path | None) -> Path:
    folder = wheels or scratch
    if not list(folder.glob(f"jaxlib-{version}-*.whl")):
        command = [python, "-m", "pip", "download", "--quiet", "--no-deps", f"jaxlib=={version}", "--dest", str(folder)]
        subprocess.run(command, check=True)
    return next(folder.glob(f"jaxlib-{version}-*.whl"))


def accepted(python: str, folder: Path, names: list[str]) -> set[str]:
    """Which names XLA takes in XLA_FLAGS. `~` is no bool, int or float: a bad value proves that the flag exists."""
    if not names:
        return set()
    output, errors = parsed(python, folder, names)
    bad_value = set(re.findall(r"interpret value ~ for flag (\w+)\.", errors)) & set(names)
    unknown = re.search(r"Unknown flags? in XLA_FLAGS: (.*)", errors)
    if unknown or "PARSED" in output:
        gone = {word.removeprefix("--").partition("=")[0] for word in unknown[1].split()} if unknown else set()
        return set(names) - gone
    # A text with a fixed set of values stops the parser: name it, and ask again without it.
    before_usage = errors.partition("usage:")[0]
    told = bad_value | {n for n in names if re.search(rf"\b{n}\b", before_usage)}
    rest = [n for n in names if n not in told]
    if not told and len(names) == 1:
        return set(names)
    if told:
        return told | accepted(python, folder, rest)
    half = len(rest) // 2
    return accepted(python, folder, rest[:half]) | accepted(python, folder, rest[half:])


def parsed(python: str, folder: Path, names: list[str]) -> tuple[str, str]:
    environment = {**os.environ, "XLA_FLAGS": " ".join(f"--{n}=~" for n in names), "PYTHONPATH": str(folder)}
    done = subprocess.run(
        [python, "-c", PARSE], env=environment, capture_output=True, text=True, errors="replace", check=False
    )
    return done.stdout, done.stderr


if __name__ == "__main__":
    raise SystemExit(main())
