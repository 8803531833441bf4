"""A list that comes back as a tuple, on programs that are really run."""

from rules.proposed_changes import compiles, done, of

CAKE = """
@jax.jit
def warm(layers, heat):
    return tuple(t + 0.1 * (heat - t) for t in layers)


def fill(width):
    return [jnp.full(width, 0.1 * k) for k in range(3)]


for width in (3, 4):
    layers = fill(width)
    for minute in range(3):
        layers = warm({handed}, 2.0)
    print(sum(t.sum() for t in layers).round(3))
"""


def test_one_container_at_the_call(tmp_path):
    tried = of(tmp_path, "unstable-structure", CAKE.format(handed="layers"))
    assert compiles(tried.evidence, "warm") == 4
    lines, evidence = done(tmp_path, tried)
    assert lines == ["        layers = warm(tuple(layers), 2.0)"]
    assert compiles(evidence, "warm") == 2


def test_what_is_one_already(tmp_path):
    assert not of(tmp_path, "unstable-structure", CAKE.format(handed="tuple(layers)")).changes
