"""A donated array that is read again: certain where a result surely takes its memory, and only what reads the memory."""

import pytest

from jaxaudit.rules.transfers.donated_reuse import RULE
from rules.marked_faults import findings

EVALUATE = """from functools import partial
def evaluate(model, state, batches, metrics):
    @partial(jax.jit, donate_argnums=1)
    def step(state, batch):
        {body}
    for batch in batches:
        out = step(state, batch)
        {after}
"""
ALIKE = {
    "elementwise": "return batch * 2.0",
    "a tree": "return jax.tree.map(lambda x, y: x - y, batch, state)",
    "a scan's carry": "return jax.lax.scan(lambda carry, x: (carry + x, None), batch, state)[0]",
    "replaced": "return batch.replace(count=batch.count + 1), state.sum()",
    "a helper's": "return twice(batch), state\n    def twice(x):\n        return 2 * x",
}
PERHAPS = {
    "a network": "return model.apply(state, batch)",
    "a product": "return batch @ state",
    "a comparison": "return batch > 0",
}


@pytest.mark.parametrize("body", ALIKE.values(), ids=ALIKE.keys())
def test_a_result_that_is_shaped_like_it_takes_its_memory(body):
    found = findings(RULE, EVALUATE.format(body=body, after="print(metrics(out, batch))"))
    assert [one.confidence >= 0.8 for one in found] == [True], found


@pytest.mark.parametrize("body", PERHAPS.values(), ids=PERHAPS.keys())
def test_a_result_of_another_shape_may_leave_it(body):
    found = findings(RULE, EVALUATE.format(body=body, after="print(metrics(out, batch))"))
    assert all(one.confidence < 0.8 for one in found)


@pytest.mark.parametrize(
    "after",
    [
        "print(batch['x'].shape[1:])",
        "print([name for name in batch['inputs'].keys()])",
        "jax.tree.map(lambda leaf: leaf.delete(), batch)",
        "print(batch['x']['y'].dtype)",
    ],
)
def test_what_a_deleted_array_still_tells(after):
    assert findings(RULE, EVALUATE.format(body="return jax.tree.map(jnp.sin, batch)", after=after)) == []
