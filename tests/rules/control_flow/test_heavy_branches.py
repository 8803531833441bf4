"""Heavy work in branches that all run, as people write it."""

import pytest

from jaxaudit.rules.control_flow.heavy_branches import RULE
from rules.marked_faults import at_the_mark, findings

FAULTY: dict[str, str | dict[str, str]] = {
    "switch in vmapped step": """def a(x):
    return lax.fori_loop(0, 100, lambda i, x: x - 0.1 * jnp.sin(x), x)
def b(x):
    return x
def env_step(state, action):
    return lax.switch(action, [a, b], state)  # fault
@jax.jit
def rollout(states, actions):
    return jax.vmap(env_step)(states, actions)
rollout(jnp.ones((4, 3)), jnp.zeros(4, int))
""",
    "cond in scan body in vmap": """def expensive(x):
    return jnp.linalg.solve(jnp.eye(3) + jnp.outer(x, x), x)
def simulate(x0):
    def body(x, t):
        x = lax.cond(x[0] > 1.0, expensive, lambda x: 0.9 * x, x)  # fault
        return x, x
    return lax.scan(body, x0, jnp.arange(10))
batched = jax.jit(jax.vmap(simulate))
batched(jnp.ones((8, 3)))
""",
    "eqx filter_vmap": """import equinox as eqx
def refine(x):
    return jnp.linalg.svd(x)[0]
@eqx.filter_jit
def go(xs):
    def one(x):
        return lax.cond(jnp.trace(x) > 0, refine, lambda x: x, x)  # fault
    return eqx.filter_vmap(one)(xs)
go(jnp.ones((3, 4, 4)))
""",
    "same predict both": """def predict(params, x):
    return lax.scan(lambda h, w: (jnp.tanh(w @ h), None), x, params)[0]
@jax.jit
def f(params, x, y, flag):
    return lax.cond(flag, lambda: predict(params, x), lambda: predict(params, y))  # fault
f(jnp.ones((4, 3, 3)), jnp.ones(3), jnp.ones(3), True)
""",
}


@pytest.mark.parametrize("source", FAULTY.values(), ids=FAULTY.keys())
def test_the_fault_is_found_where_it_stands(source: str | dict[str, str]) -> None:
    found = findings(RULE, source)
    assert at_the_mark(found, source), [(one.place.line, one.message) for one in found]
