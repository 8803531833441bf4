"""pmap: what it costs where it stands."""

from jaxaudit.rules.control_flow.pmap import RULE
from rules.marked_faults import at_the_mark, findings

INSIDE_JIT = """
@jax.jit
def step(x):
    return jax.pmap(lambda row: 2.0 * row)(x)  # fault
step(jnp.ones((1, 3)))
"""
WITH_COLLECTIVES = """
def mean(x):
    return lax.pmean(x, axis_name="devices")
spread = jax.pmap(mean, axis_name="devices")  # fault
spread(jnp.ones((1, 3)))
"""
EQUINOX = """
import equinox as eqx
run = eqx.filter_pmap(lambda x: x + 1.0)  # fault
run(jnp.ones((1, 3)))
"""


def test_inside_jit_it_is_a_warning() -> None:
    found = findings(RULE, INSIDE_JIT)
    assert at_the_mark(found, INSIDE_JIT)
    assert (found[0].severity, found[0].certain) == ("warning", True)


def test_collectives_make_it_a_suspicion() -> None:
    found = findings(RULE, WITH_COLLECTIVES)
    assert at_the_mark(found, WITH_COLLECTIVES)
    assert found[0].confidence <= 0.5
    assert "shard_map" in found[0].help


def test_the_filtered_one_counts_too() -> None:
    assert at_the_mark(findings(RULE, EQUINOX), EQUINOX)
