"""Keys handed to what a transformation made of a library's method: `apply = jax.jit(forward.apply)`."""

import pytest

from rules.programs_of_rules import found

HAIKU = """
import haiku as hk

def network(x):
    return hk.dropout(hk.next_rng_key(), 0.5, hk.Linear(4)(x))

forward = hk.transform(network)
apply = jax.jit(forward.apply)"""
LOOP = """
def evaluate_all(params, rng, batches):
    total = 0.0
    for i, batch in enumerate(batches):
        total += apply(params, {key}, batch).mean()
    return total


first, rng = jax.random.split(jax.random.key(1))
batches = jnp.ones((4, 8, 3))
evaluate_all(forward.init(first, batches[0]), rng, batches)
"""


def told(key):
    return found("key-reuse", HAIKU + LOOP.format(key=key))


def test_one_key_for_every_batch_is_named():
    assert any("`rng`" in one.message and "every turn" in one.message for one in told("rng"))


@pytest.mark.parametrize("key", ["jax.random.fold_in(rng, i)", "None"])
def test_a_key_of_its_own_is_fine(key):
    assert not [one.message for one in told(key) if "`rng`" in one.message]
