"""Keys that travel in tuples with other values, through a helper that several callers hand tuples of several kinds."""

from jaxaudit.rules.random_numbers.key_reuse import RULE
from rules.marked_faults import findings

CHOSEN = """
def choose(wanted, one, of_one, other, of_other):
    return of_one(one) if wanted else of_other(other)


def draw(tree, leaf, key):
    return tree + jax.random.normal(key) * leaf


def same(value):
    return value


@jax.jit
def grow(tree, leaf, key):
    key, sub = jax.random.split(key)
    return choose(True, tree, same, (tree, leaf, sub), lambda held: draw(*held)), key


@jax.jit
def accept(key, new, old, energy):
    key, sub = jax.random.split(key)
    state, pe, kept = choose(True, (new, energy, sub), same, (old, energy, sub), same)
    again = choose(True, (state, pe, kept), same, (state, pe, kept), same)
    return again, jax.random.normal(kept)


print(grow(1.0, 2.0, jax.random.key(0)), accept(jax.random.key(1), 1.0, 2.0, 3.0))
"""


def test_the_places_of_one_callers_tuple_are_not_anothers() -> None:
    assert [one.message for one in findings(RULE, CHOSEN)] == []
