"""Control flow outside jit with a new body each time, as people write it."""

import pytest

from jaxaudit.rules.control_flow.fresh_body import RULE
from rules.marked_faults import at_the_mark, findings

FAULTY: dict[str, str | dict[str, str]] = {
    "while_loop lambda in loop": """def solve(x0, tol):
    return lax.while_loop(lambda s: jnp.abs(s**2 - 2) > tol, lambda s: 0.5 * (s + 2 / s), x0)  # fault
for k in range(10):
    solve(jnp.float32(k + 1.0), 1e-5)
""",
    "fori nested in main": """def main():
    for temp in np.linspace(0.1, 1, 10):
        def body(i, x):
            return x - temp * x
        x = lax.fori_loop(0, 10, body, jnp.ones(3))  # fault
        print(x)
main()
""",
    "scan partial": """def step(rate, c, x):
    return c + rate * x, c
def run(xs, rate):
    return lax.scan(functools.partial(step, rate), 0.0, xs)[0]  # fault
def main():
    for i in range(5):
        print(run(jnp.ones(10), 0.1 * i))
if __name__ == "__main__":
    main()
""",
    "lax.map eager": """def f(x):
    return jnp.sin(x)
for i in range(5):
    lax.map(f, jnp.ones((3, 3)))  # fault
""",
    "bound method": """class Filter:
    def step(self, c, x):
        return c + x, c
    def run(self, xs):
        return lax.scan(self.step, 0.0, xs)  # fault
f = Filter()
for i in range(4):
    f.run(jnp.ones(3))
""",
    "cond in training loop": """def train():
    x = jnp.ones(3)
    for i in range(100):
        x = lax.cond(i % 10 == 0, lambda x: x * 0.5, lambda x: x + 1, x)  # fault
    return x
train()
""",
    "assoc in loop": """def newton(f, x):
    def body(i, x):
        return x - f(x) / jax.grad(f)(x)
    return lax.fori_loop(0, 5, body, x)  # fault
def main():
    for c in range(10):
        print(newton(lambda x: x**2 - c, 1.0))
if __name__ == "__main__":
    main()
""",
    "while_loop in class solver": """class CG:
    def __init__(self, tol):
        self.tol = tol
    def solve(self, A, b):
        def step(s):
            return s[0] + 0.1 * s[1], b - A @ s[0]
        return lax.while_loop(lambda s: jnp.linalg.norm(s[1]) > self.tol, step, (b, b))  # fault
cg = CG(1e-3)
for k in range(5):
    cg.solve(jnp.eye(3), jnp.ones(3))
""",
    "alias from jax.lax": """from jax.lax import scan as lscan
def ema(xs):
    def f(c, x):
        c = 0.9 * c + 0.1 * x
        return c, c
    return lscan(f, 0.0, xs)[1]  # fault
series = [jnp.ones(20) for _ in range(5)]
out = [ema(s) for s in series]
""",
}
SOUND: dict[str, str | dict[str, str]] = {
    "once": """def run(xs):
    return lax.scan(lambda c, x: (c + x, c), 0.0, xs)
run(jnp.ones(3))
""",
}


@pytest.mark.parametrize("source", FAULTY.values(), ids=FAULTY.keys())
def test_the_fault_is_found_where_it_stands(source: str | dict[str, str]) -> None:
    found = findings(RULE, source)
    assert at_the_mark(found, source), [(one.place.line, one.message) for one in found]


@pytest.mark.parametrize("source", SOUND.values(), ids=SOUND.keys())
def test_what_is_sound_is_left_alone(source: str | dict[str, str]) -> None:
    assert [one.message for one in findings(RULE, source)] == []
