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
