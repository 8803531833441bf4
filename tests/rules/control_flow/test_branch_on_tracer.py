"""Questions that Python asks of tracers, as people ask them."""

import pytest

from jaxaudit.rules import load_rules
from jaxaudit.rules.control_flow.branch_on_tracer import RULE
from rules.marked_faults import at_the_mark, findings

FAULTY: dict[str, str | dict[str, str]] = {
    "if param array": """@jax.jit
def relu(x):
    if x > 0:  # fault
        return x
    return 0.0
relu(jnp.array(1.0))
""",
    "behind a function that asks something else": """def is_wanted(x, names):
    return isinstance(names, list)
def check(x):
    if is_wanted(x, ["a"]):
        assert jnp.max(x) > 1  # fault
@jax.jit
def f(x):
    check(x)
    return jnp.sqrt(x)
f(jnp.ones(3))
""",
    "before the guard": """def check(x):
    if float(jnp.max(x)) > 1 and isinstance(x, np.ndarray):  # fault
        raise ValueError
@jax.jit
def f(x):
    check(x)
    return jnp.sqrt(x)
f(jnp.ones(3))
""",
    "if no callers": """@jax.jit
def clip(x):
    if jnp.max(x) > 1:  # fault
        x = x / jnp.max(x)
    return x
""",
    "assert": """def check(x):
    assert (x >= 0).all()  # fault
    return jnp.sqrt(x)
f = jax.jit(check)
f(jnp.ones(3))
""",
    "while in scan body": """def body(c, x):
    while c < x:  # fault
        c = c + 1
    return c, c
lax.scan(body, 0.0, jnp.ones(3))
""",
    "and": """@jax.jit
def f(x, y):
    ok = (x > 0).any() and (y > 0).any()  # fault
    return jnp.where(ok, x, y)
f(jnp.ones(3), jnp.ones(3))
""",
    "ternary in vmapped lambda": """g = jax.vmap(lambda x: x if x > 0 else -x)  # fault
g(jnp.arange(3.0))
""",
    "int of argmax": """@jax.jit
def pick(logits, table):
    i = int(jnp.argmax(logits))  # fault
    return table[i]
pick(jnp.ones(3), jnp.ones(3))
""",
    "item": """@jax.jit
def loss_fn(w, x):
    l = jnp.mean((x @ w) ** 2)
    print(l.item())  # fault
    return l
loss_fn(jnp.ones(3), jnp.ones((4, 3)))
""",
    "loss early stop helper": """def update(w, x):
    loss = jnp.mean((x @ w) ** 2)
    if loss < 1e-3:  # fault
        return w
    return w - 0.1 * jax.grad(lambda w: jnp.mean((x @ w) ** 2))(w)
@jax.jit
def train(w, x):
    for _ in range(3):
        w = update(w, x)
    return w
train(jnp.ones(3), jnp.ones((4, 3)))
""",
    "method of eqx module": """import equinox as eqx
class Gate(eqx.Module):
    threshold: jax.Array
    def __call__(self, x):
        if jnp.sum(x) > self.threshold:  # fault
            return x
        return -x
gate = Gate(jnp.array(0.5))
out = eqx.filter_jit(gate)(jnp.ones(3))
run = jax.vmap(gate)
run(jnp.ones((2, 3)))
""",
    "isnan check": """@jax.jit
def safe(x):
    if jnp.isnan(x).any():  # fault
        return jnp.zeros_like(x)
    return x
safe(jnp.ones(3))
""",
    "min builtin": """@jax.jit
def f(x, y):
    return max(x.sum(), y.sum())  # fault
f(jnp.ones(3), jnp.ones(3))
""",
}
SOUND: dict[str, str | dict[str, str]] = {
    "behind a function that tells tracers": """def is_known(x):
    if isinstance(x, jax.core.Tracer):
        return False
    return isinstance(x, np.ndarray | jax.Array)
def check(x, most):
    if is_known(x) and is_known(most):
        if float(jnp.max(x)) > float(most):
            raise ValueError(f"{float(most)} is too small")
@jax.jit
def f(x):
    check(x, x[0])
    return jnp.sqrt(x)
f(jnp.ones(3))
""",
    "behind an earlier part of the same question": """def check(x):
    if isinstance(x, np.ndarray) and float(jnp.max(x)) > 1:
        raise ValueError
    if isinstance(x, np.ndarray) and (x > 1).any():
        raise ValueError
    assert not isinstance(x, np.ndarray) or float(jnp.max(x)) < 1
@jax.jit
def f(x):
    check(x)
    return jnp.sqrt(x)
f(jnp.ones(3))
""",
    "behind one that knows a tracer by a tuple": """def traced(x):
    return isinstance(x, (jax.core.Tracer, jax.ShapeDtypeStruct))
@jax.jit
def f(x):
    if not traced(x):
        print(float(x))
    return jnp.sqrt(x)
f(jnp.ones(()))
""",
    "ok things": """@functools.partial(jax.jit, static_argnames=("mode", "n"))
def f(x, mode, n, mask=None, *, params=None):
    if mode == "a" and n > 3:
        x = x + 1
    if mask is not None and x.ndim == 2:
        x = x * mask
    if params:
        x = x * params["w"]
    if isinstance(x, jax.Array) and x.shape[0] > 3:
        return x
    assert x.dtype == jnp.float32
    return x
f(jnp.ones(3), mode="a", n=4)
""",
    "only outside a trace": """
import jax
import jax.numpy as jnp

@jax.jit
def f(x):
    y = jnp.log(x)
    if jax.core.trace_ctx.is_top_level():
        if not bool(jnp.all(jnp.isfinite(y))):
            raise ValueError(int(jnp.count_nonzero(y)))
    return y
f(jnp.ones(3))
""",
}


@pytest.mark.parametrize("source", FAULTY.values(), ids=FAULTY.keys())
def test_the_fault_is_found_where_it_stands(source: str | dict[str, str]) -> None:
    found = findings(RULE, source)
    assert at_the_mark(found, source), [(one.place.line, one.message) for one in found]


@pytest.mark.parametrize("source", SOUND.values(), ids=SOUND.keys())
def test_what_is_sound_is_left_alone(source: str | dict[str, str]) -> None:
    assert [one.message for one in findings(RULE, source)] == []


def test_a_step_that_gets_smaller_is_an_array():
    code = """
        @jax.jit
        def kepler(mean, e, tol=1e-6):
            E = mean
            delta = 1.0
            while abs(delta) > tol:
                delta = (E - e * jnp.sin(E) - mean) / (1 - e * jnp.cos(E))
                E = E - delta
            return E
        kepler(jnp.float32(1.0), 0.3)
        """
    (found,) = findings(RULE, code)
    assert found.confidence >= 0.8
    assert not findings(load_rules()["missing-static"], code)


def test_a_helper_of_a_scan_body():
    code = """
        def move(x, action):
            if action == 0:
                return x + 1
            return x - 1
        def play(x, actions):
            def turn(x, action):
                return move(x, action), None
            return jax.lax.scan(turn, x, actions)[0]
        play(jnp.float32(0.0), jnp.array([0, 1, 2]))
        """
    (found,) = findings(RULE, code)
    assert found.confidence >= 0.8
