"""What an audit proposes for loops that a run saw outside jit, on programs that are really run."""

from pathlib import Path

import pytest

pytest.importorskip("jax")

from jaxaudit.model.evidence import Environment, Evidence
from jaxaudit.model.spot import Spot
from jaxaudit.model.wasted import LoopSeen, TurnCall
from jaxaudit.rules import load_rules
from jaxaudit.rules.boundaries.eager_seen import looping, worth_a_word
from jaxaudit.verify.tokens import distance, tokens
from rules.captures.hoisted_programs import Tried, proposed, run

RULES = ("eager-hot-path",)

STEP = """
def force(x):
    return -jnp.sin(x) * jnp.exp(-x * x) + 0.1 * jnp.cos(x)
"""
LOGGED = """
    if n % 500 == 0:
        print(n, x.sum().round(2))
"""


def first(tmp_path: Path, code: str) -> tuple[Tried, str]:
    """What is proposed first, the new lines of it; the changed program prints the same and runs what it names in one."""
    tried = proposed(tmp_path, code, rules=RULES)
    assert tried.edits, [one.text for one in tried.refused]
    change = tried.edits[0]
    printed, evidence = run(tmp_path / "after", tried.after(change))
    apart = distance(tokens(tried.printed), tokens(printed))
    assert apart.same_words and apart.relative <= 2e-3, (tried.printed, printed)
    before, after = (sum(one.count for one in seen.loops) for seen in (tried.evidence, evidence))
    assert after < before / 4, (before, after)
    return tried, "\n".join(tried.lines(change))


def test_a_function_of_a_turn(tmp_path: Path) -> None:
    tried, new = first(
        tmp_path,
        STEP
        + """
def step(x, dt):
    return x + dt * force(x) + dt**2 * jnp.tanh(x)

x = jnp.linspace(-1, 1, 5)
for n in range(1500):
    x = step(x, 0.1)
"""
        + LOGGED,
    )
    assert new == "@jax.jit"
    assert [one.title for one in tried.edits] == ["`step` jitted"]


def test_the_function_behind_a_partial_in_another_module(tmp_path: Path) -> None:
    files = {
        "physics.py": """
            import jax.numpy as jnp


            def advance(x, *, rate, kind):
                if kind == "decay":
                    x = x * (1.0 - rate)
                return jnp.clip(x + 0.01 * jnp.sin(x) - 0.001 * jnp.exp(-x) + 0.01 * jnp.tanh(x), -1.0, 1.0)
        """,
        "drive.py": """
            def evolve(update, x, steps):
                for n in range(steps):
                    x = update(x)
                    if n == steps - 1:
                        print(x.round(3))
        """,
        "main.py": """
            from functools import partial

            import jax.numpy as jnp

            from drive import evolve
            from physics import advance

            evolve(partial(advance, rate=0.01, kind="decay"), jnp.linspace(0, 1, 4), 2000)
        """,
    }
    tried, new = first(tmp_path, files)  # type: ignore[arg-type]
    assert '@partial(jax.jit, static_argnames=("kind",))' in new
    assert set(tried.edits[0].edits) == {"physics.py"}


def test_a_method_of_a_plain_object(tmp_path: Path) -> None:
    tried, new = first(
        tmp_path,
        """
class Heat:
    def __init__(self, kappa):
        self.kappa = kappa
        self.u = jnp.linspace(0, 1, 16)

    def laplace(self, u):
        return jnp.roll(u, 1) - 2 * u + jnp.roll(u, -1)

    def step(self, u, dt):
        half = u + 0.5 * dt * self.kappa * self.laplace(u)
        return u + dt * self.kappa * self.laplace(half)

    def run(self, steps):
        for n in range(steps):
            self.u = self.step(self.u, 0.01)
            if n % 500 == 0:
                print(self.u.sum().round(2))


Heat(0.1).run(1500)
""",
    )
    assert "def jitted_step(" in new and "kappa" in new and "self.u = jitted_step(" in new
    assert any("takes `self`" in one.text for one in tried.refused)


def test_a_gradient_and_an_optimiser_together(tmp_path: Path) -> None:
    pytest.importorskip("optax")
    _, new = first(
        tmp_path,
        """
import optax

def loss(w, x):
    return jnp.mean((jnp.tanh(x @ w["a"]) + w["b"] - 0.3) ** 2) + 1e-3 * jnp.sum(w["a"] ** 2)

def fit(x):
    w = {"a": jnp.zeros(3), "b": jnp.zeros(())}
    optimiser = optax.adam(1e-2)
    state = optimiser.init(w)
    slope = jax.value_and_grad(loss)
    for n in range(400):
        value, g = slope(w, x)
        updates, state = optimiser.update(g, state)
        w = optax.apply_updates(w, updates)
        if n % 200 == 0:
            print(value.round(3))

fit(jnp.ones((4, 3)))
""",
    )
    assert "slope = jax.jit(jax.value_and_grad(loss))" in new
    assert "jitted_update = jax.jit(optimiser.update)" in new and "updates, state = jitted_update(g, state)" in new


PENDULUM = """
class Pendulum:
    def __init__(self, g):
        self.g = g

    def slope(self, s):
        return jnp.stack([s[1], -self.g * jnp.sin(s[0]) - 0.1 * jnp.tanh(s[1])])

    def step(self, s, dt):
        return s + dt * self.slope(s + 0.5 * dt * self.slope(s))
"""
DRIVEN = """
def main():
    env = Pendulum(9.8)
    s = jnp.array([0.3, 0.0])
    for n in range(800):
        s = env.step(s, 0.001)
        CHANGE
        if n % 400 == 0:
            print(s.round(3))
main()
"""


def test_the_method_of_an_object_before_the_loop(tmp_path: Path) -> None:
    _, new = first(tmp_path, PENDULUM + DRIVEN.replace("CHANGE", "pass"))
    assert new.split("\n") == ["    jitted_step = jax.jit(env.step)", "        s = jitted_step(s, 0.001)"]


@pytest.mark.parametrize("change", ["env.g = env.g * 0.99", "env.g += 0.01", "setattr(env, 'g', 9.7)"])
def test_an_object_whose_fields_change_is_ruled_out(tmp_path: Path, change: str) -> None:
    tried = proposed(tmp_path, PENDULUM + DRIVEN.replace("CHANGE", change), rules=RULES)
    assert not [one for one in tried.edits if "step" in one.touched], tried.edits
    said = ("keep the first value", "sets a field", "stale-capture")
    assert any(words in one.text for one in tried.refused for words in said), [one.text for one in tried.refused]


def test_calls_in_a_method_that_sets_fields_are_jitted_in_its_init(tmp_path: Path) -> None:
    pytest.importorskip("optax")
    _, new = first(
        tmp_path,
        """
import optax

class Problem:
    def __init__(self):
        self.weight = 0.3

    def loss(self, w, x):
        return jnp.mean((jnp.tanh(x @ w["a"]) + w["b"] - self.weight) ** 2) + 1e-3 * jnp.sum(w["a"] ** 2)

class Trainer:
    def __init__(self, problem):
        self.problem = problem
        self.params = {"a": jnp.zeros(3), "b": jnp.zeros(())}
        self.optimiser = optax.adam(1e-2)
        self.state = self.optimiser.init(self.params)
        self.history = []

    def update(self, x):
        value, g = jax.value_and_grad(self.problem.loss)(self.params, x)
        change, self.state = self.optimiser.update(g, self.state)
        self.params = optax.apply_updates(self.params, change)
        self.history.append(value)

trainer = Trainer(Problem())
for n in range(150):
    trainer.update(jnp.ones((4, 3)))
print(trainer.history[-1].round(4))
""",
    )
    assert "        self.jitted_loss = jax.jit(jax.value_and_grad(self.problem.loss))" in new
    assert "        self.jitted_update = jax.jit(self.optimiser.update)" in new
    assert "        value, g = self.jitted_loss(self.params, x)" in new


CHAIN = """
class Target:
    def __init__(self):
        self.weight = 0.7

    def energy(self, q):
        return jnp.sum(jnp.cos(q) * self.weight + 0.5 * q**2 + 0.1 * jnp.tanh(q))

class Chain:
    def __init__(self, target):
        self.target = target
        self.force = jax.grad(target.energy)
        self.rng = np.random.default_rng(0)
        self.moves = 0

    def leapfrog(self, q, p):
        for _ in range(3):
            p = p - 0.05 * self.force(q)
            q = q + 0.1 * p
            p = p - 0.05 * self.force(q)
        return q

    def transition(self, q):
        p = jnp.asarray(self.rng.normal(size=3), jnp.float32)
        p = 0.9 * p - 0.1 * jnp.mean(p) + 0.01 * jnp.sin(p)
        self.moves += 1
        CHANGE
        return self.leapfrog(q, p)

chain = Chain(Target())
q = jnp.zeros(3)
for n in range(100):
    q = chain.transition(q)
print(q.round(2), chain.moves)
"""


def test_a_method_beside_one_that_draws_and_counts(tmp_path: Path) -> None:
    tried, new = first(tmp_path, CHAIN.replace("CHANGE", "pass"))
    assert new.split("\n") == [
        "        self.jitted_leapfrog = jax.jit(self.leapfrog)",
        "        return self.jitted_leapfrog(q, p)",
    ]
    assert any("`self.moves`" in one.text or "rng" in one.text for one in tried.refused)


@pytest.mark.parametrize(
    "packs", ["import pickle", "from copy import deepcopy\nkept = deepcopy({})", "print(len(vars(chain)))"]
)
def test_an_object_that_may_be_packed_gets_no_jitted_function(tmp_path: Path, packs: str) -> None:
    code = CHAIN.replace("CHANGE", "pass")
    code = f"{packs}\n{code}" if "import" in packs else f"{code}{packs}\n"
    tried = proposed(tmp_path, code, rules=RULES)
    assert not [one for one in tried.edits if "jitted_leapfrog" in str(one.edits)], tried.edits
    assert any("packs or lists objects" in one.text for one in tried.refused)


@pytest.mark.parametrize("change", ["self.target.weight = 0.8", "self.force = jax.grad(self.target.energy)"])
def test_what_such_a_method_reads_through_others_must_stay(tmp_path: Path, change: str) -> None:
    tried = proposed(tmp_path, CHAIN.replace("CHANGE", change), rules=RULES)
    assert not [one for one in tried.edits if "jitted_leapfrog" in str(one.edits)], tried.edits


def test_a_step_of_nnx_is_under_its_own_jit(tmp_path: Path) -> None:
    pytest.importorskip("flax")
    pytest.importorskip("optax")
    _, new = first(
        tmp_path,
        """
import optax
from flax import nnx

def loss_fn(model, x):
    return jnp.mean((model(x) - 0.3) ** 2)

def train_step(model, optimizer, x):
    loss, grads = nnx.value_and_grad(loss_fn)(model, x)
    optimizer.update(model, grads)
    return loss

model = nnx.Linear(3, 4, rngs=nnx.Rngs(0))
optimizer = nnx.Optimizer(model, optax.adam(1e-2), wrt=nnx.Param)
for n in range(60):
    loss = train_step(model, optimizer, jnp.ones((5, 3)))
    if n % 20 == 0:
        print(loss.round(3))
""",
    )
    assert new == "@nnx.jit"


def test_work_written_in_the_loop_becomes_one_program(tmp_path: Path) -> None:
    _, new = first(
        tmp_path,
        STEP
        + """
x, v = jnp.linspace(-1, 1, 5), jnp.zeros(5)
for n in range(2000):
    v = v + 0.05 * force(x)
    x = x + 0.1 * v
    v = v + 0.05 * force(x)
print(x.round(2))
""",
    )
    assert "fori_loop" in new


FUNCTIONS_AS_ARGUMENTS = """
def step(x, potential, optimiser):
    g = potential(x)
    return x - 0.1 * g + 0.01 * jnp.sin(g) - optimiser.update(g) + 0.001 * jnp.cos(x)

class Plain:
    def update(self, g):
        return 0.01 * jnp.tanh(g)

def main():
    plain = Plain()
    x = jnp.ones(3)
    for n in range(2000):
        x = step(x, force, plain)
        if n % 500 == 0:
            print(x.round(3))
main()
"""


def test_functions_among_the_arguments_are_static(tmp_path: Path) -> None:
    _, new = first(tmp_path, STEP + FUNCTIONS_AS_ARGUMENTS)
    assert 'static_argnames=("potential", "optimiser")' in new


REFUSED = {
    "it draws with NumPy": (
        """
rng = np.random.default_rng(0)

def step(x):
    kick = jnp.asarray(rng.standard_normal(3), jnp.float32)
    return x + 0.1 * kick - 0.01 * jnp.sin(x) + 0.01 * jnp.cos(x) * jnp.exp(-x)
""",
        "trace-time-effect",
    ),
    "it keeps a list": (
        """
seen = []

def step(x):
    x = x - 0.01 * jnp.sin(x) + 0.01 * jnp.cos(x) * jnp.exp(-x)
    seen.append(x)
    return x
""",
        "trace-time-effect",
    ),
    "what it reads changes": (
        """
rate = 0.1

def step(x):
    return x - rate * jnp.sin(x) + rate * jnp.cos(x) * jnp.exp(-x)

def cool():
    global rate
    rate *= 0.99
""",
        "then jitted `step` reads `rate` while it is traced",
    ),
    "it changes what it is handed": (
        """
def step(x):
    x["a"] = x["a"] - 0.01 * jnp.sin(x["a"]) + 0.01 * jnp.cos(x["a"]) * jnp.exp(-x["a"])
    return x
""",
        "`step` changes `x` in place",
    ),
    "it changes what it is handed, and binds the name afterwards": (
        """
def step(x):
    x["a"] = x["a"] - 0.01 * jnp.sin(x["a"]) + 0.01 * jnp.cos(x["a"]) * jnp.exp(-x["a"])
    x = dict(x)
    return x
""",
        "`step` changes `x` in place",
    ),
    "it asks what it was handed": (
        """
def step(x):
    if isinstance(x, jax.Array):
        x = x - 0.01 * jnp.sin(x) + 0.01 * jnp.cos(x) * jnp.exp(-x)
    return x
""",
        "a tracer answers otherwise",
    ),
    "it catches errors": (
        """
def step(x):
    try:
        return x - 0.01 * jnp.sin(x) + 0.01 * jnp.cos(x) * jnp.exp(-x)
    except Exception:
        return x
""",
        "catches errors",
    ),
    "it branches on an array": (
        """
def step(x):
    if jnp.sum(x) > 1:
        x = x * 0.5
    return x - 0.01 * jnp.sin(x) + 0.01 * jnp.cos(x) * jnp.exp(-x)
""",
        "branch-on-tracer",
    ),
    "it is a generator's": (
        """
def steps(x):
    while True:
        x = x - 0.01 * jnp.sin(x) + 0.01 * jnp.cos(x) * jnp.exp(-x)
        yield x

source = steps(jnp.ones(3))

def step(x):
    return next(source)
""",
        "does not count up",
    ),
}


@pytest.mark.parametrize("case", REFUSED)
def test_what_a_jit_would_break_is_ruled_out(tmp_path: Path, case: str) -> None:
    code, reason = REFUSED[case]
    turn = "    cool()\n" if "cool" in code else ""
    start = '{"a": jnp.ones(3)}' if '"a"' in code else "jnp.ones(3)"
    program = (
        f"{code}\nx = {start}\nfor n in range(2000):\n    x = step(x)\n{turn}    if n % 500 == 0:\n        print(x)\n"
    )
    tried = proposed(tmp_path, program, rules=RULES)
    assert not [one for one in tried.edits if "step" in one.touched], tried.edits
    assert any(reason in one.text for one in tried.refused), [one.text for one in tried.refused]


def test_another_line_of_the_same_function_is_still_told(tmp_path: Path) -> None:
    tried = proposed(
        tmp_path,
        STEP
        + """
def main():
    x = jnp.linspace(-1, 1, 5)
    for n in range(1500):
        x = force(x)
    for n in range(6):
        print(jnp.cumsum(jnp.ones(n + 3)).sum())

main()
""",
        rules=RULES,
    )
    rule = load_rules()["eager-hot-path"]
    assert rule.observe is not None
    found = [one.message for one in rule.observe(rule, tried.evidence)]
    assert any("ran about" in one for one in found) and any("cumsum" in one for one in found), found


def seen(count: int, turns: int, seconds: float) -> LoopSeen:
    at = Spot("a.py", 5, "main")
    return LoopSeen(
        at, 4, count, turns, seconds, ("sin", "cos"), (TurnCall(at, 1.0, "step(x)", Spot("a.py", 1, "step")),)
    )


@pytest.mark.parametrize(
    "loop, said",
    [
        (seen(40_000, 1000, 0.6), "warning"),
        (seen(3_000, 100, 0.06), "info"),
        (seen(900, 100, 0.4), None),
        (seen(3_000, 3, 0.06), None),
        (seen(3_000, 2000, 0.06), None),
        (seen(3_000, 100, 12.0), None),
    ],
)
def test_how_much_is_worth_a_word(loop: LoopSeen, said: str | None) -> None:
    evidence = Evidence(Environment(1, seconds=5.0), loops=(loop,))
    found = [looping(load_rules()["eager-hot-path"], one, evidence) for one in worth_a_word(evidence)]
    assert [one.severity for one in found] == ([said] if said else [])
    if found and said == "warning":
        assert found[0].message.startswith(
            "`step(x)` ran about 40,000 small programs one after another in the loop in line 4"
        )
        assert (found[0].place.line, found[0].facts["function"]) == (5, "step")


INFERRED = """
import numpyro
import numpyro.distributions as dist
from numpyro.infer import SVI, Trace_ELBO
from numpyro.infer.autoguide import AutoNormal


def model(group, x, n_groups=1, wide=False):
    slope = numpyro.sample("slope", dist.Normal(0.0, 3.0 if wide else 1.0))
    with numpyro.plate("groups", n_groups):
        offset = numpyro.sample("offset", dist.Normal(0.0, 1.0))
    numpyro.sample("y", dist.Normal(offset[group] + slope * x, 0.1), obs=2.0 * x)


def fit(key, steps, group, x, n_groups):
    svi = SVI(model, AutoNormal(model), numpyro.optim.Adam(0.1), Trace_ELBO())
    options = {options}
    state = svi.init(key, group, x, **options)
    for step in range(steps):
        state, loss = svi.update(state, group, x, **options)
    print(loss.round(1))


fit(jax.random.key(0), 12, jnp.array([0, 1, 1, 0]), jnp.arange(4.0), {n})
"""


def test_what_decides_the_program_of_a_librarys_method_is_static(tmp_path: Path) -> None:
    pytest.importorskip("numpyro")
    code = INFERRED.replace("{options}", "dict(n_groups=n_groups, wide=True)").replace("{n}", "2")
    _, new = first(tmp_path, code)
    assert new.splitlines()[0] == '    jitted_update = jax.jit(svi.update, static_argnames=("n_groups", "wide"))'
