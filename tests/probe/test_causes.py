"""Every seeded cause of `benchmarks/causes`, and of `causes` here, is named in the sentence of the second compile."""

import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("jax")
pytest.importorskip("equinox")

ROOT = Path(__file__).parents[2]
CASES = sorted((ROOT / "benchmarks" / "causes").glob("*.py")) + sorted(Path(__file__).with_name("causes").glob("*.py"))


@pytest.fixture(scope="module")
def said() -> dict[str, list[Any]]:
    done = subprocess.run(
        [sys.executable, str(Path(__file__).with_name("cause_driver.py")), *map(str, CASES)],
        capture_output=True, text=True, env={"PYTHONPATH": str(ROOT / "src"), "JAX_PLATFORMS": "cpu", "PATH": ""},
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    rows = [json.loads(line) for line in done.stdout.splitlines() if line.startswith("{")]
    return {Path(row["file"]).stem: row["lines"] for row in rows}


def test_there_are_enough_of_them() -> None:
    assert len(CASES) >= 20


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.stem)
def test_the_cause_is_named(said: dict[str, list[Any]], case: Path) -> None:
    words = re.match(r"# says: (.*)", case.read_text())
    assert words is not None
    lines = said[case.stem]
    users = {fields["id"] for kind, fields in lines if kind == "site" and fields["path"] == str(case)}
    compiles = [f for kind, f in lines if kind == "compile" and ({f["site"], *f["bodies"]} & users)]
    texts = [one["cause"]["text"] for one in compiles[1:] if one["cause"]]
    wanted = words[1].lower().split("|")
    assert any(all(word in text.lower() for word in wanted) for text in texts), texts
    assert compiles[0]["cause"]["kind"] == "first"
    assert [fields["text"] for kind, fields in lines if kind == "note"] == []


def test_the_first_program_of_a_function_that_was_traced_within_others(said: dict[str, list[Any]]) -> None:
    lines = said["order_of_keys_after_a_trace_within"]
    [score] = {fields["id"] for kind, fields in lines if kind == "site" and fields["name"] == "score"}
    kinds = [fields["cause"]["kind"] for kind, fields in lines if kind == "compile" and fields["site"] == score]
    assert kinds == ["first", "structure"]
