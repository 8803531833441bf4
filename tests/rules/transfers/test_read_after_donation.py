"""Reads of donated arrays that a program catches, as a run tells them."""

from pathlib import Path

import pytest

pytest.importorskip("jax")

from jaxaudit.model import Finding
from jaxaudit.rules import load_rules
from rules.captures.hoisted_programs import program, run

STEP = """
@functools.partial(jax.jit, donate_argnums=0)
def evolve(field):
    return field * 2.0

class Keeper:
    field = None

keeper = Keeper()
"""


def told(tmp_path: Path, code: str) -> list[Finding]:
    rule = load_rules()["donated-reuse"]
    _, evidence = run(tmp_path, program(STEP + code))
    assert rule.observe is not None
    return list(rule.observe(rule, evidence))


@pytest.mark.parametrize(
    "read", ["np.asarray(keeper.field, dtype=np.float32)", "float(keeper.field)", "keeper.field.item()"]
)
def test_a_read_that_is_caught_is_told_once(tmp_path: Path, read: str) -> None:
    found = told(
        tmp_path,
        f"""
field = jnp.ones(())
for _ in range(3):
    keeper.field = field
    field = evolve(field)
    try:
        {read}
    except RuntimeError as error:
        print("not written:", error)
""",
    )
    (one,) = [one for one in found if one.facts.get("value")]
    assert one.message.startswith("`keeper.field` is read after it was donated to `evolve` (field): its buffer is gone")
    assert (one.severity, one.facts["donated_to"]) == ("error", ["evolve"])


def test_what_was_copied_or_deleted_by_hand_is_not_told(tmp_path: Path) -> None:
    code = """
field = jnp.ones(3)
kept = jnp.copy(field)
field = evolve(field)
print(kept)
"""
    assert not [one for one in told(tmp_path, code) if "value" in one.facts]
