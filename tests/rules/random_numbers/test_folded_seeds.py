"""A key of a constant seed: folded with what differs it is another key each time; handed on it is the same each time."""

import pytest

from rules.programs_of_rules import found

NOISY = """
def noisy(image, index):
    key = {key}
    return image + jax.random.normal(key, image.shape)

def corrupt(images):
    return [noisy(image, i) for i, image in enumerate(images)]

print(corrupt([jnp.full((4, 4), float(i)) for i in range(9)]))
"""


@pytest.mark.parametrize(
    ("key", "told"),
    [
        ("jax.random.PRNGKey(17)", True),
        ("jax.random.fold_in(jax.random.PRNGKey(17), index)", False),
        ("jax.random.fold_in(jax.random.PRNGKey(17), 3)", True),
    ],
)
def test_what_is_folded_in(key, told):
    assert bool(found("key-made-in-jit", NOISY.format(key=key))) is told


DROPOUT = """
@jax.jit
def train_step(state, x):
    dropout_rng = {key}

    def loss(params):
        return state.apply_fn({{"params": params}}, x, rngs={{"dropout": {handed}}}).mean()

    return jax.grad(loss)(state.params)
"""


@pytest.mark.parametrize(
    ("key", "handed", "told"),
    [
        ("jax.random.PRNGKey(1)", "dropout_rng", True),
        ("jax.random.PRNGKey(1)", "jax.random.fold_in(dropout_rng, state.step)", False),
        ("state.rng", "dropout_rng", False),
    ],
)
def test_a_jitted_step_that_hands_a_key_of_a_constant_seed_on(key, handed, told):
    seen = found("key-made-in-jit", DROPOUT.format(key=key, handed=handed))
    assert bool(seen) is told
    assert all("`dropout_rng`" in one.message for one in seen)


MEASURED = """
import time
def measure(predict):
    timings = []
    for size in (64, 128, 256):
        image = jax.random.uniform(jax.random.PRNGKey(0), (size, size))
        start = {clock}
        predict(image)
        timings.append({clock} - start)
    return timings
"""


@pytest.mark.parametrize(("clock", "certain"), [("time.time()", False), ("image.sum()", True)])
def test_data_for_a_measurement_may_be_the_same_each_time(clock, certain):
    told = [*found("key-reuse", MEASURED.format(clock=clock)), *found("key-made-in-jit", MEASURED.format(clock=clock))]
    assert any(one.confidence >= 0.8 for one in told) is certain, told
