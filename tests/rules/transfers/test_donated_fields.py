"""A field of an object that is donated, and read again."""

import pytest

from jaxaudit.rules.transfers.donated_reuse import RULE
from rules.marked_faults import at_the_mark, findings

SOLVER = """class Solver:
    def __init__(self, n):
        self.field = jnp.ones(n)
        self.advance = jax.jit(lambda f: f * 0.9, donate_argnums=(0,))
    def refresh(self, new):
        self.field = new
    def run(self):
        new = self.advance(self.field)
"""
FAULTY = {
    "in the change": """        residual = jnp.abs(new - self.field).max()  # fault
        self.field = new
        return residual
""",
    "handed to a function": """        print(jnp.linalg.norm(self.field))  # fault
        return new
""",
}
SOUND = {
    "rebound first": """        self.field = new
        return jnp.abs(new - self.field).max()
""",
    "rebound by a method": """        self.refresh(new)
        return jnp.abs(new - self.field).max()
""",
    "only its shape": """        print(jnp.zeros(self.field.shape))
        self.field = new
""",
    "another field": """        print(jnp.abs(self.other))
        self.field = new
""",
    "another object's": """        other = Solver(3)
        print(jnp.abs(other.field))
        self.field = new
""",
}


@pytest.mark.parametrize("body", FAULTY.values(), ids=FAULTY.keys())
def test_a_donated_field_that_is_read_again_is_found(body: str) -> None:
    found = findings(RULE, SOLVER + body)
    assert at_the_mark(found, SOLVER + body), [(one.place.line, one.message) for one in found]
    assert all(one.confidence >= 0.8 and "`self.field`" in one.message for one in found)


@pytest.mark.parametrize("body", SOUND.values(), ids=SOUND.keys())
def test_what_still_holds_its_buffer_is_left_alone(body: str) -> None:
    assert [one.message for one in findings(RULE, SOLVER + body)] == []
