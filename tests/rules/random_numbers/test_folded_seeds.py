"""A key of a constant seed that is folded with what differs is another key each time."""

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
