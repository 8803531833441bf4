"""Who names the cause of a second compile: jaxaudit, and JAX with everything switched on, on the same small programs.

    python benchmarks/causes_run.py [--python PYTHON ...]

Each program of `benchmarks/causes/` compiles one thing twice, for one reason; its first line holds the words that our
answer must hold, the second those of JAX's where it words things its own way (that a function may be re-defined counts
as named). JAX's answer is what it logs of cache misses with `JAX_EXPLAIN_CACHE_MISSES` and `JAX_LOG_COMPILES`; ours is
the sentence of the cause that `jaxaudit run` gives for that compile. PYTHON is an interpreter with JAX and Equinox.
"""

import argparse
import json
import os
import re
import subprocess
import sys
import tempfile
from pathlib import Path

CASES = sorted(Path(__file__).with_name("causes").glob("*.py"))
SRC = Path(__file__).parents[1] / "src"
PLAIN = {key: value for key, value in os.environ.items() if not key.startswith(("JAX", "PYTHON"))} | {
    "JAX_PLATFORMS": "cpu"
}


def words_of(case: Path, whose: str = "says") -> list[str]:
    found = re.search(rf"^# {whose}: (.*)", case.read_text(), re.M)
    return found[1].lower().split("|") if found else words_of(case)


def ours(python: str, case: Path) -> bool:
    with tempfile.TemporaryDirectory() as folder:
        output = Path(folder, "run.json")
        command = [
            sys.executable,
            "-m",
            "jaxaudit",
            "run",
            "--python",
            python,
            "--format",
            "json",
            "--output",
            str(output),
        ]
        program = Path(folder, case.name)
        program.write_bytes(case.read_bytes())
        environment = PLAIN | {"PYTHONPATH": str(SRC)}
        subprocess.run([*command, program.name], cwd=folder, env=environment, capture_output=True, check=True)
        compiles = json.loads(output.read_text())["compiles"]
    texts = [one["cause"]["text"].lower() for one in compiles if one["cause"]["kind"] not in ("first", "signature")]
    return any(all(word in text for word in words_of(case)) for text in texts)


def of_jax(python: str, case: Path) -> bool:
    asked = PLAIN | {"JAX_EXPLAIN_CACHE_MISSES": "1", "JAX_LOG_COMPILES": "1"}
    done = subprocess.run([python, str(case)], env=asked, capture_output=True, text=True, check=True)
    misses = re.findall(r"^(?:WARNING:.*: )?TRACING CACHE MISS.*\n(?:  .*\n)*", done.stderr, re.M)
    return any(all(w in said.lower() or longer(w) in said.lower() for w in words_of(case, "jax")) for said in misses)


def longer(word: str) -> str:
    """`f32[3]` as `float32[3]`."""
    for short, name in (("bf", "bfloat"), ("f", "float"), ("i", "int")):
        word = re.sub(rf"\b{short}(\d+\[)", rf"{name}\1", word)
    return word


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--python", nargs="+", default=[sys.executable])
    for python in parser.parse_args().python:
        version = subprocess.run(
            [python, "-c", "import jax; print(jax.__version__)"], capture_output=True, text=True, check=True
        )
        rows = [(case.stem, ours(python, case), of_jax(python, case)) for case in CASES]
        print(f"JAX {version.stdout.strip()}: jaxaudit names {sum(row[1] for row in rows)} of {len(rows)}, ", end="")
        print(f"JAX itself {sum(row[2] for row in rows)} of {len(rows)}")
        for name, we, they in rows:
            if not (we and they):
                print(
                    f"    {name:34} jaxaudit {'names it' if we else 'does not':10} JAX {'names it' if they else 'does not'}"
                )


if __name__ == "__main__":
    main()
