"""Comprehensions under jit as one `vmap`; lists whose items may differ in shape stay."""

from rules.proposed_changes import done, of

SUM = """
@jax.jit
def chi(model, rows, errors):
    return sum(jnp.sum(((row - model) / error) ** 2 * jnp.tanh(model)) for row, error in zip(rows, errors))


print(chi(jnp.ones(4), jnp.arange(80.0).reshape(20, 4), jnp.ones((20, 4))))
"""
STACK = """
def score(row, scale):
    hidden = jnp.tanh(row * scale)
    return jnp.sum(hidden * jnp.exp(-(hidden**2)))


@jax.jit
def loss(rows, scale):
    return jnp.mean(jnp.stack([score(rows[i], scale) * (i + 1) for i in range(24)]))


print(loss(jnp.arange(96.0).reshape(24, 4) / 96, 1.5))
"""
RAGGED = """
curves = [jnp.sin(jnp.arange(40.0 + 5 * number)) for number in range(20)]


def power(curve):
    seen = jnp.tanh(curve) - jnp.mean(curve)
    return jnp.sum(jnp.abs(seen) ** 2 * jnp.exp(-seen)) / curve.size


@jax.jit
def powers(curves):
    return jnp.stack([power(curve) for curve in curves])


print(powers(curves))
"""


def test_a_sum_over_pairs(tmp_path):
    tried = of(tmp_path, "vmappable-loop", SUM)
    lines, evidence = done(tmp_path, tried)
    assert "jnp.sum(jax.vmap(lambda row, error: " in lines[0] and ")(rows, errors), axis=0)" in lines[0]
    assert max(one.equations for one in evidence.programs) < 20
    [expected] = tried.changes[0].expected
    assert expected.held(max(one.equations for one in evidence.programs if one.site.name == "chi"))


def test_a_number_of_turns(tmp_path):
    lines, _ = done(tmp_path, of(tmp_path, "vmappable-loop", STACK))
    assert lines == ["    return jnp.mean(jax.vmap(lambda i: score(rows[i], scale) * (i + 1))(jnp.arange(24)))"]


def test_a_list_may_be_ragged(tmp_path):
    tried = of(tmp_path, "vmappable-loop", RAGGED)
    assert not tried.changes
    assert [one.code for one in tried.refused] == ["ragged"]


APPENDED = """
def score(row, scale):
    return jnp.sum(jnp.abs(jnp.sin(row * scale)) ** 2)


def main():
    rows = jnp.linspace(0.0, 1.0, 40).reshape(20, 2) * 2.0
    scores = []
    for row in rows:
        scores.append(score(row, 3.0))
    scores = jnp.stack(scores)
    print(scores.max())


main()
"""


def test_a_loop_over_an_array_of_its_own_that_appends(tmp_path):
    lines, _ = done(tmp_path, of(tmp_path, "vmappable-loop", APPENDED))
    assert lines == ["    scores = jax.jit(jax.vmap(lambda row: score(row, 3.0)))(rows)"]
