"""Arrays that were put into a list and then given away."""

import pytest

from jaxaudit.rules.transfers.donated_reuse import RULE
from rules.marked_faults import at_the_mark, findings

ADVANCE = """from functools import partial
@partial(jax.jit, donate_argnames="state")
def advance(state):
    return state + jnp.roll(state, 1)
"""
FAULTY = {
    "stacked after the loop": """def record(state):
    frames = []
    for _ in range(4):
        frames.append(state)
        state = advance(state)
    return jnp.stack(frames)  # fault
record(jnp.arange(4.0))
""",
    "kept once": """def record(state):
    kept = [jnp.zeros(4)]
    kept.append(state)
    state = advance(state)
    return kept[-1] + state  # fault
record(jnp.arange(4.0))
""",
}
SOUND = {
    "a copy": FAULTY["stacked after the loop"].replace("append(state)", "append(state.copy())"),
    "the result": """def record(state):
    frames = []
    for _ in range(4):
        state = advance(state)
        frames.append(jnp.copy(state))
    return jnp.stack(frames)
record(jnp.arange(4.0))
""",
    "only counted": """def record(state):
    frames = []
    for _ in range(4):
        frames.append(state)
        state = advance(state)
    return state
record(jnp.arange(4.0))
""",
    "one way or the other": """def record(state, keep):
    frames = []
    if keep:
        frames.append(state)
    else:
        state = advance(state)
    return frames
record(jnp.arange(4.0), True)
""",
}


@pytest.mark.parametrize("body", FAULTY.values(), ids=FAULTY.keys())
def test_a_list_of_donated_arrays_that_is_read_is_found(body: str) -> None:
    found = findings(RULE, ADVANCE + body)
    assert at_the_mark(found, ADVANCE + body), [(one.place.line, one.message) for one in found]
    assert all(one.confidence >= 0.8 for one in found)


@pytest.mark.parametrize("body", SOUND.values(), ids=SOUND.keys())
def test_lists_of_what_is_still_there_are_left_alone(body: str) -> None:
    assert [one.message for one in findings(RULE, ADVANCE + body)] == []
