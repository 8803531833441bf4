"""What an audit proposes for functions that are jitted anew, on programs that are really run."""

import ast

import pytest

from jaxaudit.edits.edit import CannotEdit
from jaxaudit.edits.jit_sites import jit_site
from jaxaudit.edits.made_around import made_around
from jaxaudit.edits.source_text import SourceText
from jaxaudit.model import Place
from rules.captures.hoisted_programs import proposed, run

RULES = ("jit-in-loop", "jit-per-call")
PROGRAMS = {
    "nested definition, called there": (
        """
        def trajectory(rate, times):
            @jax.jit
            def solve(y):
                return y * jnp.exp(-rate * times)

            return solve(jnp.ones(3))


        for k in range(3):
            print(trajectory(jnp.float32(k), jnp.arange(3.0)).sum().round(3))
        """,
        "solve",
    ),
    "lambda, called at once": (
        """
        def score(params, x):
            return jax.jit(lambda p: jnp.sum(p * x))(params)


        for k in range(3):
            print(float(score(jnp.ones(4) * k, jnp.arange(4.0))))
        """,
        "<lambda>",
    ),
    "lambda under a name, used in a loop": (
        """
        def relax(x, scale):
            step = jax.jit(lambda y: y / scale + 1.0)
            for _ in range(4):
                x = step(x)
            return x


        for k in range(1, 4):
            print(float(relax(jnp.ones(2), float(k)).sum()))
        """,
        "<lambda>",
    ),
    "method of an object, a local function under vmap": (
        """
        class Smoother:
            def __init__(self, width):
                self.width = width

            def smooth(self, flux, time):
                def weighted(t):
                    return jnp.sum(flux * jnp.exp(-(((time - t) / self.width) ** 2)))

                return jax.jit(jax.vmap(weighted))(time)


        smoother = Smoother(2.0)
        for k in range(3):
            print(smoother.smooth(jnp.ones(3) * k, jnp.arange(3.0)).sum().round(3))
        """,
        "jitted_weighted",
    ),
    "a decorator that registers": (
        """
        REGISTRY = {}


        def feature(name, **options):
            def register(fn):
                @functools.wraps(fn)
                def compute(x):
                    return jax.jit(functools.partial(fn, **options))(x)

                REGISTRY[name] = compute
                return fn

            return register


        @feature("power", order=3)
        def power(x, order):
            return jnp.stack([x**k for k in range(order)])


        for k in range(3):
            print(REGISTRY["power"](jnp.arange(3.0) + k).sum())
        """,
        "power",
    ),
    "a factory's callback": (
        """
        def scorer(weights, n):
            def score(x):
                value = jax.jit(lambda y: jnp.sum(weights[:n] * y))(x)
                return float(value)

            return score


        score = scorer(jnp.arange(6.0), 3)
        for k in range(3):
            print(score(jnp.ones(3) * k))
        """,
        "<lambda>",
    ),
    "gradient of a local function, in a loop": (
        """
        def fit(scale):
            def misfit(mu):
                return (mu - scale) ** 2

            mu = jnp.float32(0.0)
            for _ in range(3):
                mu = mu - 0.1 * jax.jit(jax.grad(misfit))(mu)
            return mu


        for k in range(1, 4):
            print(float(fit(jnp.float32(k)).round(4)))
        """,
        "jitted_misfit",
    ),
}


@pytest.mark.parametrize("name", PROGRAMS)
def test_jitted_once_it_prints_the_same_and_compiles_once(tmp_path, name):
    code, function = PROGRAMS[name]
    tried = proposed(tmp_path, code, rules=RULES)
    lifted = [one for one in tried.changes if "jitted once" in one.title]
    assert lifted
    printed, evidence = run(tmp_path / "after", tried.after(lifted[0]))
    assert printed == tried.printed
    short = function.rpartition(".")[2]
    seen = [one for one in evidence.compiles if one.site.user and short in one.site.name]
    assert len(seen) == 1, [(one.site.name, one.cause.text) for one in seen]


def test_the_same_function_jitted_in_a_loop_is_ruled_out_with_the_reason(tmp_path):
    tried = proposed(
        tmp_path,
        """
        def push(x):
            return x / x.sum()


        x = jnp.ones(3)
        for _ in range(4):
            x = jax.jit(push)(x)
        print(float(x.sum()))
        """,
        rules=RULES,
    )
    assert not tried.changes
    [refused] = tried.refused
    assert refused.code == "no-gain" and "compiled once" in refused.text


KEPT = """
class Solver:
    def __init__(self, rate):
        self.rate = rate

    def update(self, x, *more):
        return x - self.rate * x


class Fit:
    def __init__(self, rate):
        self.solver = Solver(rate)
        self.x = jnp.ones(3)

    def season(self, data):
        update = jax.jit(self.solver.update)
        for _ in range(3):
            self.x = update(self.x, *data)


fit = Fit(0.1)
for season in range(3):
    fit.season((1.0,))
    {each}
print(fit.x.sum().round(3))
"""


def test_a_method_of_what_an_object_holds_is_jitted_in_init(tmp_path):
    tried = proposed(tmp_path, KEPT.format(each="pass"), rules=RULES)
    [change] = [one for one in tried.changes if "in `__init__`" in one.title]
    printed, evidence = run(tmp_path / "after", tried.after(change))
    assert printed == tried.printed
    assert len([one for one in evidence.compiles if "update" in one.site.name]) == 1


def test_what_it_reads_must_stay_as_it_is(tmp_path):
    tried = proposed(tmp_path, KEPT.format(each="fit.solver.rate = 0.5"), rules=RULES)
    assert not [one for one in tried.changes if "jitted once" in one.title]


def test_nor_may_it_count_on_the_object(tmp_path):
    counting = KEPT.format(each="fit.solver.turns = 7").replace(
        "return x -", "self.turns += 1.0\n        return x -", 1
    )
    tried = proposed(
        tmp_path, counting.replace("self.rate = rate", "self.rate = rate\n        self.turns = 0.0"), rules=RULES
    )
    assert not [one for one in tried.changes if "jitted once" in one.title]


EPOCHS = """
def epoch(w, rate):
    optimiser = optax.sgd(rate)

    @jax.jit
    def step(w):
        return w - optimiser.update(w, optimiser.init(w))[0]

    return step(step(w))


if __name__ == "__main__":
    w = jnp.ones(3)
    for number in range(3):
        w = epoch(w, 0.1 * 0.5**number)
    print(w.sum().round(3))
"""
IMPORTS = "import jax\nimport jax.numpy as jnp\nimport optax\n"


def test_an_optimiser_is_made_while_tracing_unless_another_script_hands_in_a_schedule(tmp_path):
    alone = proposed(tmp_path / "alone", {"main.py": IMPORTS + EPOCHS}, rules=RULES)
    [change] = alone.changes
    printed, evidence = run(tmp_path / "after", alone.after(change))
    assert printed == alone.printed
    assert len([one for one in evidence.compiles if one.site.user and "step" in one.site.name]) == 1
    other = (
        IMPORTS
        + "from main import epoch\n\n\nfor _ in range(2):\n    epoch(jnp.ones(2), optax.cosine_decay_schedule(0.1, 9))\n"
    )
    both = proposed(tmp_path / "both", {"main.py": IMPORTS + EPOCHS, "other.py": other}, rules=RULES)
    assert not both.changes
    assert any("other.py:8 hands in a function as `rate`" in one.text for one in both.refused)


@pytest.mark.parametrize(
    ("made", "called"),
    [
        ("jax.jit(functools.partial(fn, n=x.shape[0]))(x)", "the call only"),
        ("jax.jit(functools.partial(fn, n=options['n']))(x)", "another one"),
        ("jax.jit(functools.partial(fn, n=count()))(x)", "another one"),
    ],
)
def test_what_only_a_call_knows_is_not_made_before_it(made, called):
    source = SourceText.from_text(
        "p.py",
        "import functools\nimport jax\n\n\ndef maker(fn, options, count):\n    def compute(x):\n"
        f"        return {made}\n\n    return compute\n",
    )
    [node] = [one for one in ast.walk(source.tree) if isinstance(one, ast.Call) and source.of(one.func) == "jax.jit"]
    with pytest.raises(CannotEdit, match=called):
        made_around(
            source,
            jit_site(
                source,
                Place("p.py", *source.position(source.start(node)), *source.position(source.end(node)), "compute"),
            ),
        )


TRAINED = """
from flax import nnx
import optax


def run_epoch(model, optimizer, x):
    @nnx.jit
    def train_step(model, optimizer, x):
        loss, grads = nnx.value_and_grad(lambda m: jnp.mean(m(x) ** 2))(model)
        {update}(model, grads)
        return loss

    return train_step(model, optimizer, x)


model = nnx.Linear(3, 2, rngs=nnx.Rngs(0))
optimizer = nnx.Optimizer(model, optax.sgd(0.1), wrt=nnx.Param)
for epoch in range(3):
    print(run_epoch(model, optimizer, jnp.ones((4, 3))).round(4))
"""


def test_what_nnx_brings_back_out_is_no_effect_of_tracing(tmp_path):
    nnx = pytest.importorskip("flax.nnx")
    if not hasattr(nnx.Optimizer, "update"):
        pytest.skip("another nnx")
    tried = proposed(tmp_path, TRAINED.replace("{update}", "optimizer.update"), rules=RULES)
    [change] = [one for one in tried.changes if "train_step" in one.title]
    printed, evidence = run(tmp_path / "after", tried.after(change))
    assert printed == tried.printed
    assert len([one for one in evidence.compiles if one.site.user]) == 1
