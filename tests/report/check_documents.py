"""Documents to render: made by the same step that makes the real ones, from findings written by hand."""

from collections.abc import Mapping, Sequence
from typing import Any

from fake_engine import fake_rules
from jaxaudit.model import Finding, Fix, Note, Place, Unread
from jaxaudit.steps import document

FIT = """\
import jax
import jax.numpy as jnp

WEIGHTS = jnp.ones((512, 512))


def fit(state, epochs):
    for epoch in range(epochs):
        step = jax.jit(lambda s: s @ WEIGHTS - 0.1)
        state = step(state)
    return state
"""

FILES: dict[str, str] = {
    "train.py": FIT,
    "wide.py": '\tprint("望遠鏡の焦点面", jax.random.normal(key), "é")  # \x1b[31mred\x1b[0m \u202etxt\n',
    "long.py": "x = [" + ", ".join(map(str, range(300))) + ", jnp.asarray(values), " + "1, " * 300 + "]\n",
    "many.py": "step = jax.jit(\n    lambda s: s,\n    static_argnums=(3,),\n)\nbig(\n" + "    1,\n" * 20 + ")\n",
}


def finding(place: Place, **changes: Any) -> Finding:
    values: dict[str, Any] = {
        "rule": "jit-in-loop",
        "title": "jit in a loop",
        "message": "`step` is jitted anew in each turn of the loop over `epoch`, so it compiles once per turn",
        "severity": "warning",
        "confidence": 0.95,
        "place": place,
        "help": "jit once, above the loop, and hand it what changes",
        "fingerprint": "0123456789abcdef-01234567",
    }
    return Finding(**(values | changes))


JIT_IN_LOOP = finding(
    Place("train.py", 9, 16, 9, 52, "fit"),
    notes=(Note(Place("train.py", 8, 5, 8, 32, "fit"), "the loop"),),
    fix=Fix("safe", "move the jit above the loop"),
    facts={"loop": "epoch"},
)
CAPTURED = finding(
    Place("train.py", 9, 38, 9, 45, "fit.<lambda>"),
    rule="captured-array",
    title="an array becomes a constant of the executable",
    message="the jitted lambda closes over `WEIGHTS` (float32[512,512], 1 MiB): it is copied into the program",
    severity="error",
    notes=(
        Note(Place("train.py", 4, 1, 4, 8), "the array is made here"),
        Note(Place("shared/arrays.py", 7, 1, 7, 4), "and exported here"),
    ),
    help="make `WEIGHTS` an argument",
)
UNSURE = finding(
    Place("train.py", 10, 17, 10, 28, "fit"),
    rule="unstable-structure",
    title="structure that changes",
    message="`state` may change its dtype",
    confidence=0.5,
    needs=("compile_count",),
    help="",
)
WIDE = finding(
    Place("wide.py", 1, 19, 1, 41), rule="key-reuse", title="a key used twice", message="`key` is used twice"
)
LONG = finding(
    Place("long.py", 1, 1396, 1, 1415), rule="list-to-array", severity="info", title="list", message="a list"
)
MANY = finding(Place("many.py", 1, 8, 4, 2), message="over four lines")
MORE = finding(Place("many.py", 5, 1, 26, 2), message="over many lines")


def check_document(
    findings: Sequence[Finding] = (JIT_IN_LOOP, CAPTURED, UNSURE),
    files: Mapping[str, str] = FILES,
    unread: Sequence[Unread] = (),
    functions: Sequence[Mapping[str, Any]] = (),
    **counts: Any,
) -> dict[str, Any]:
    """What `steps.check.check` would write for these findings."""

    def lines(path: str) -> list[str]:
        return files.get(path, "").splitlines()

    sums = {"files": len(files), "unread": len(unread), "known": 0, "suppressed": 0, "seconds": 0.8} | counts
    return {
        "schema": document.SCHEMA,
        "kind": "check",
        "environment": {"tool": "0.1.0", "python": "3.12.1", "platform": "linux"},
        "summary": document.summary(list(findings), sums),
        "findings": [document.finding_entry(one, lines) for one in findings],
        "known": [],
        "unread": document.unread_entries(unread),
        "faults": [],
        "functions": list(functions),
        "rules": document.rule_entries((one.rule for one in findings), fake_rules()),
    }


FUNCTION = {
    "name": "fit.step",
    "path": "train.py",
    "line": 9,
    "wrapper": "jit",
    "static": ["n"],
    "donated": ["state"],
    "callers": [{"path": "train.py", "line": 10, "function": "fit"}],
}
