"""Optimisers and networks that static fields hold, made once for equal settings."""

import pytest

pytest.importorskip("flax")
pytest.importorskip("optax")

from rules.proposed_changes import compiles, done, of

RULE = "identity-hashed-static"
STATE = """
import dataclasses
import flax.linen as nn
import optax
from flax.training.train_state import TrainState


@dataclasses.dataclass(frozen=True)
class Settings:
    rate: float = 0.1
    widths: {kind} = {widths}


class Net(nn.Module):
    widths: tuple

    @nn.compact
    def __call__(self, x):
        for width in self.widths:
            x = nn.tanh(nn.Dense(width)(x))
        return x


def new_state(seed, settings, steps):
    net = Net(settings.widths)
    schedule = optax.linear_schedule(settings.rate, 0.0, 2 * steps)
    tx = optax.chain(optax.clip(1.0), optax.sgd(schedule))
    params = net.init(jax.random.key(seed), jnp.ones((1, 3)))
    return TrainState.create(apply_fn=net.apply, params=params, tx=tx)


@jax.jit
def update(state, x):
    return state.apply_gradients(grads=jax.grad(lambda p: jnp.mean(state.apply_fn(p, x) ** 2))(state.params))


def run(seed):
    state = new_state(seed, Settings(), 3)
    for _ in range(3):
        state = update(state, jnp.ones((4, 3)))
    return state.params["params"]["Dense_0"]["bias"].sum()


if __name__ == "__main__":
    for seed in range(3):
        print(run(seed).round(4))
"""
PLAIN = STATE.replace("{kind}", "tuple").replace("{widths}", "(4, 1)")
HANDED = """
import functools
import optax


@functools.partial(jax.jit, static_argnames="optimizer")
def step(w, state, x, optimizer):
    updates, state = optimizer.update(jax.grad(lambda w: jnp.mean((x @ w - 1.0) ** 2))(w), state, w)
    return optax.apply_updates(w, updates), state


def fit(x, rate):
    optimizer = optax.adamw(rate)
    w = jnp.zeros(3)
    state = optimizer.init(w)
    for _ in range(2):
        w, state = step(w, state, x, optimizer)
    return w


if __name__ == "__main__":
    for fold in range(4):
        print(fit(jnp.eye(3) + fold, 1e-2).sum().round(4))
"""


def test_the_fields_of_a_state_are_made_by_cached_functions(tmp_path):
    tried = of(tmp_path, RULE, PLAIN)
    lines, evidence = done(tmp_path, tried)
    assert compiles(tried.evidence, "update") == 3
    assert compiles(evidence, "update") == 1
    assert "@functools.lru_cache(maxsize=None, typed=True)" in lines
    assert "    net = make_net(settings.widths)" in lines
    assert "    tx = make_tx(settings.rate, steps)" in lines
    assert "    schedule = optax.linear_schedule(rate, 0.0, 2 * steps)" in lines


def test_a_static_argument_that_depends_on_a_setting(tmp_path):
    tried = of(tmp_path, RULE, HANDED)
    lines, evidence = done(tmp_path, tried)
    assert "    optimizer = make_optimizer(rate)" in lines
    assert compiles(evidence, "step") == 1


def test_what_the_callers_of_the_maker_hand_in(tmp_path):
    text = PLAIN.replace("    tx = optax.chain(optax.clip(1.0), optax.sgd(schedule))\n", "").replace(
        "    schedule = optax.linear_schedule(settings.rate, 0.0, 2 * steps)\n", ""
    )
    text = text.replace("new_state(seed, settings, steps)", "new_state(seed, settings, tx)")
    text = text.replace("new_state(seed, Settings(), 3)", "new_state(seed, Settings(), optax.sgd(0.1))")
    lines, evidence = done(tmp_path, of(tmp_path, RULE, text))
    assert "    state = new_state(seed, Settings(), make_tx())" in lines
    assert compiles(evidence, "update") == 1


NOT_KEPT = {
    "a field that is declared as a list": (
        {"main.py": PLAIN.replace("widths: tuple = ", "widths: list = ")},
        "may be a list or an array (main.py:",
    ),
    "another script hands in a list": (
        {"main.py": PLAIN, "wide.py": "from main import Settings\n\nprint(Settings(widths=[4, 4]))\n"},
        "may be a list or an array (wide.py:3)",
    ),
    "another script hands in an array": (
        {
            "main.py": HANDED,
            "sweep.py": "import jax.numpy as jnp\nfrom main import fit\n\nfor rate in jnp.logspace(-3, -1, 3):\n    fit(jnp.eye(3), rate)\n",
        },
        "hands an array in as `rate`",
    ),
    "it asks for more than settings": (
        {"main.py": HANDED.replace("optax.adamw(rate)", "optax.adamw(rate * input_rate())").replace(
            "def fit", "def input_rate():\n    return 0.01\n\n\ndef fit")},
        "`input_rate()` may give another value each time",
    ),
    "it reads what changes": (
        {"main.py": HANDED.replace("optax.adamw(rate)", "optax.adamw(rate * RATES[-1])").replace(
            "def fit(x, rate):", "RATES = [0.01]\n\n\ndef fit(x, rate):\n    RATES.append(0.01)")},
        "which line",
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", NOT_KEPT)
def test_left_as_it_is(tmp_path, name):
    files, reason = NOT_KEPT[name]
    files = files | {"main.py": "import jax\nimport jax.numpy as jnp\n" + files["main.py"]}
    tried = of(tmp_path, RULE, files)
    assert not tried.changes
    assert any(reason in one.text for one in tried.refused), tried.refused
