"""Static values of which only a run knew how many there are."""

from rules.proposed_changes import compiles, done, of

TABLE = """
{jit}
def decay(x, rate):
    return {body}


def go(table):
    for rate in table:
        print(decay(jnp.ones(3), rate).sum())


go({{0.5: 1, 1.0: 2, 2.0: 3}})
"""
NAMED = "@functools.partial(jax.jit, static_argnames=('rate',))"


def test_it_leaves_the_static_names(tmp_path):
    tried = of(tmp_path, "varying-static", TABLE.format(jit=NAMED, body="x * jnp.exp(-rate)"))
    assert compiles(tried.evidence, "decay") == 3
    lines, evidence = done(tmp_path, tried)
    assert lines == ["@jax.jit"] and compiles(evidence, "decay") == 1


def test_filter_jit_is_handed_an_array(tmp_path):
    tried = of(tmp_path, "varying-static", TABLE.format(jit="@eqx.filter_jit", body="x * jnp.exp(-rate)"))
    lines, evidence = done(tmp_path, tried)
    assert lines == ["        print(decay(jnp.ones(3), jnp.asarray(rate)).sum())"] and compiles(evidence, "decay") == 1


def test_what_decides_a_shape_stays_static(tmp_path):
    tried = of(tmp_path, "varying-static", TABLE.format(jit=NAMED, body="jnp.pad(x, (0, int(4 * rate)))"))
    assert not tried.changes
    [refused] = tried.refused
    assert refused.code == "arrives-as-tracer" and "line 10" in refused.text
