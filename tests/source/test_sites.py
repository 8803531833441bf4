"""What a jitted function is said to give away."""

import pytest

from jaxaudit.source.sites import jit_sites
from programs import program_of


@pytest.mark.parametrize(
    ("decorator", "given_away"),
    [
        ("jax.jit", set()),
        ("partial(jax.jit, donate_argnums=(0,))", {"state"}),
        ("partial(jax.jit, donate_argnames='batch')", {"batch"}),
        ("eqx.filter_jit(donate='all')", {"state", "batch"}),
        ("partial(eqx.filter_jit, donate='warn-except-first')", {"batch"}),
        ("eqx.filter_jit(donate='none')", set()),
        ("eqx.filter_jit(donate=HOW)", set()),
    ],
)
def test_numbers_names_and_the_words_of_equinox(decorator, given_away):
    program = program_of(f"""
        import equinox as eqx
        from functools import partial
        @{decorator}
        def step(state, batch):
            return state
        """)
    (site,) = jit_sites(program)
    assert site.donated == given_away


def test_a_bound_self_is_not_the_first():
    program = program_of("""
        import equinox as eqx
        class Model(eqx.Module):
            def fit(self, state, batch):
                return state
        def train(model: Model):
            return eqx.filter_jit(model.fit, donate="all-except-first")
        """)
    assert [set(site.donated) for site in jit_sites(program)] == [{"batch"}]
