"""The document of an audit to render: the run of `run_documents`, with what became of four changes."""

from pathlib import Path
from typing import Any

from jaxaudit.model.outcome import Measured, Outcome
from jaxaudit.model.proposal import Expected, Proposal, Reason, RuledOut
from jaxaudit.model.spot import Spot
from jaxaudit.steps.audit_document import outcome_entry, proposal_entry, ruled_out_entry
from jaxaudit.steps.summary_first import summary_first
from report.run_documents import run_document

DIFF = """\
--- a/train.py
+++ b/train.py
@@ -9,3 +9,3 @@
 def fit(states):
-    step = jax.jit(lambda s: s @ WEIGHTS)
+    step = jax.jit(lambda s, weights: s @ weights)
"""
CONSTANTS = Measured("constants_bytes", 4e6, 0.0, 0.0, 0.0, 1)
SECONDS = Measured("seconds", 12.0, 4.0, 0.3, 0.36, 5)
CPU = Measured("cpu_s", 8.0, 3.0, 0.35, 0.41, 5)
STILL = Measured("steady_s", 2.0, 2.02, 0.96, 1.05, 5)


def proposal(number: str, title: str, rule: str, finding: int, **more: Any) -> Proposal:
    at = more.pop("at", Spot("train.py", 15, "fit"))
    return Proposal(number, title, (rule,), (finding,), at, diff=DIFF, **more)


def audit_document(folder: Path, **changes: Any) -> dict[str, Any]:
    """Effect: writes the program and a record into the folder."""
    run = run_document(folder)
    numbers = {one["rule"]: index for index, one in enumerate(run["findings"])}
    array, static, keys = (numbers.get(rule, 0) for rule in ("captured-array", "varying-static", "key-reuse"))
    expected = (Expected("constants_bytes", 4e6, 0.0, 0.0, 0.0, "step"),)
    proposals = [
        proposal("1", "Hand `optics` in as an argument of `step`", "captured-array", array, expected=expected,
                 changes_signature=True, group="hoist", risk="The last digits may move."),
        proposal("2", "Bind `optics` outside of the jit", "captured-array", array, group="hoist"),
        proposal("3", "Trace `scale` of `step`", "varying-static", static),
        proposal("4", "Split `key` before its second use", "key-reuse", keys, changes_draws=True),
    ]  # fmt: skip
    outcomes = [
        Outcome("1", "keep", Reason("gain", "constants 4 MB -> 0"), "equal", "", "same",
                (CONSTANTS, CPU, STILL, SECONDS), (1, 1), "returned values compared of `step` in 4 calls"),
        Outcome("2", "undecided", Reason("not-tried", "not tried: 1 was kept and answers the same")),
        Outcome("3", "drop", Reason("slower", "slower: CPU time of a run 8.0 s -> 9.1 s"), "equal", "", "same",
                (Measured("compiles", 6.0, 4.0, 0.66, 0.66, 1), Measured("cpu_s", 8.0, 9.1, 1.1, 1.2, 10))),
        Outcome("4", "undecided", Reason("random-draws-change", "it changes the random draws: yours to decide")),
    ]  # fmt: skip
    out = RuledOut(
        "Make `dt` of `propagate` static", ("static-candidate",), Spot("physics.py", 17, "propagate"),
        Reason("traced-static", "sensitivity.py:30 takes jax.grad by it; a static argument would raise there"),
    )  # fmt: skip
    sums = {
        "program": "train.py --epochs 3", "exit_code": 0, "run_s": 12.0, "kept": 1, "dropped": 1, "undecided": 2,
        "ruled_out": 1, "predictions_held": 1, "predictions": 1, "runs": 11, "audit_s": 370.0, "interrupted": False,
    }  # fmt: skip
    made = run | {
        "kind": "audit",
        "environment": run["environment"] | {"interpreter": "/env/bin/python", "cores": 2},
        "summary": run["summary"] | sums,
        "findings": [one | {"status": "confirmed"} for one in run["findings"]],
        "proposals": [proposal_entry(one) | {"edits": {}} for one in proposals],
        "outcomes": [outcome_entry(one) for one in outcomes],
        "together": None,
        "ruled_out": [ruled_out_entry(out)],
        "left": [
            {"finding": 0, "rule": run["findings"][0]["rule"], "path": "train.py", "line": 12, "text": "none yet"}
        ],
        "wishes": {"captured_bytes": 2 << 20, "never_static": ["contrast"], "keep_signatures": False},
        "unstable": "",
    }
    return summary_first(made | changes)
