"""Programs in which the obvious change is wrong: none may be kept, and the reason is the right one."""

import json
import shutil
from pathlib import Path

import pytest

from cli.test_audit import jaxaudit

HERE = Path(__file__).parent
PROGRAMS = {
    "already_good": [],
    "buffer_with_two_names": [("static-candidate", "no-gain")],
    "closure_faster": [("captured-array", "slower")],
    "common_draws": [("key-reuse", "random-draws-change")],
    "counts_its_traces": [],
    "factory_called_once": [],
    "late_binding": [("jit-in-loop", "outputs-differ")],
    "noise_while_tracing": [("jit-per-call", "does-not-apply")],
    "object_identity": [("jit-in-loop", "outputs-differ")],
    "only_a_test_notices": [],
    "prints_while_tracing": [("unrolled-loop", "does-not-apply")],
    "ragged": [],
    "rebound_later": [("captured-array", "rebound-later")],
    "scan_slower": [("unrolled-loop", "slower")],
    "seldom_another_value": [],
    "state_of_the_closure": [],
    "static_under_grad": [("static-candidate", "arrives-as-tracer")],
    "static_under_vmap_elsewhere": [],
    "sums_in_a_loop_over_dict": [],
    "varied_elsewhere": [("static-candidate", "varies")],
}
"""For each, what must have been considered and not kept."""
BY_DEFAULT = ("rebound_later",)
"""The others take minutes."""


def test_every_program_has_its_expectation():
    assert set(PROGRAMS) == {path.parent.name for path in HERE.glob("*/program.py")}


@pytest.mark.parametrize(
    "name", [pytest.param(one, marks=() if one in BY_DEFAULT else pytest.mark.slow) for one in PROGRAMS]
)
def test_nothing_wrong_is_kept(name, tmp_path):
    home = tmp_path / name
    shutil.copytree(HERE / name, home)
    before = {path.name: path.read_bytes() for path in home.glob("*.py")}
    tests = ["--test", "pytest -q"] if list(home.glob("test_*.py")) else []
    done = jaxaudit(home, "audit", "--budget", "8m", "--format", "json", "--output", "out.json", *tests, "program.py")
    assert done.returncode == 0, done.stderr
    document = json.loads((home / "out.json").read_text("utf-8"))
    proposals = {one["id"]: one for one in document["proposals"]}
    tried = [
        (proposals[one["proposal"]]["rules"], one["verdict"], one["reason"]["code"]) for one in document["outcomes"]
    ]
    assert not [one for one in tried if one[1] == "keep" and name != "only_a_test_notices"], tried
    codes = [(rule, code) for rules, _, code in tried for rule in rules]
    codes += [(rule, one["reason"]["code"]) for one in document["ruled_out"] for rule in one["rules"]]
    assert not [one for one in PROGRAMS[name] if one not in codes], codes
    assert {path.name: path.read_bytes() for path in home.glob("*.py")} == before
