"""Fetches and lists whose cost is nothing beside the work around them are suspicions at most."""

import pytest

from rules.programs_of_rules import found

STEP = """
        @jax.jit
        def volume(x):
            return jnp.sum(x * x)
"""
FETCHES = {
    "chunks of a large array": """
        def check(x):
            bad = False
            for low in range(0, x.shape[0], 16_000_000):
                bad = bad or float(volume(x[low : low + 16_000_000])) < 0
            return bad
        """,
    "a few configurations, of two lists": """
        def retry(x, hard):
            if hard:
                tries = [0.5, 0.1, 0.05]
            else:
                tries = [0.1, 0.05]
            out = []
            for noise in tries:
                out.append(float(volume(x + noise)))
            return out
        """,
    "the entries of a dict that is written out": """
        def compare(x):
            starts = {"low": 0.0, "middle": 0.5, "high": 1.0}
            out = {}
            for name, start in starts.items():
                out[name] = float(volume(x + start))
            return out
        """,
}


@pytest.mark.parametrize("name", FETCHES)
def test_a_wait_that_costs_nothing_is_a_suspicion(name):
    assert not found("host-sync-in-loop", STEP + FETCHES[name], at_least=0.8)


def test_the_loop_of_a_training_stays_certain():
    source = STEP + "        def train(x):\n            losses = []\n            for _ in range(1000):\n"
    source += "                losses.append(float(volume(x)))\n            return losses\n"
    assert found("host-sync-in-loop", source, at_least=0.8)


LISTS = {
    "once, a few dozen": "xs = jnp.ones((40, 3))\ny = jnp.array([jnp.sum(xs[i]) for i in range(37)])\n",
    "now and then": """
        def train(xs, n):
            for step in range(n):
                if step % 1000 == 0:
                    loss = jnp.array([jnp.sum(xs[i]) for i in range(100)])
        """,
}


@pytest.mark.parametrize("name", LISTS)
def test_a_list_that_is_joined_rarely_is_a_suspicion(name):
    [one] = found("list-to-array", LISTS[name])
    assert one.confidence < 0.8


REPEATED = {
    "in a loop": """
        def train(xs, n):
            for step in range(n):
                loss = jnp.array([jnp.sum(xs[i]) for i in range(100)])
        """,
    "once, very many": "xs = jnp.ones((900, 3))\ny = jnp.array([jnp.sum(xs[i]) for i in range(900)])\n",
}


@pytest.mark.parametrize("name", REPEATED)
def test_a_list_that_costs_is_certain(name):
    [one] = found("list-to-array", REPEATED[name])
    assert one.confidence >= 0.8


def test_a_method_of_ones_own_is_no_progress_bar():
    source = """
        class Trainer:
            def __init__(self):
                self.update = jax.jit(lambda w, x: w - 0.1 * x)
            def fit(self, w, x):
                for _ in range(100):
                    w = self.update(w, x)
                return w
        Trainer().fit(jnp.ones(3), jnp.ones(3))
        """
    assert not found("host-sync-in-loop", source)


def test_a_fetch_for_a_print_says_so():
    [one] = found(
        "host-sync-in-loop",
        """
        step = jax.jit(lambda x: (x * 0.9, jnp.sum(x)))
        def fit(x):
            for i in range(60):
                x, f = step(x)
                print(f"step {i} objective {float(f):.6f}")
            return x
        fit(jnp.ones(3))
        """,
    )
    assert "`float(f)` for `print` fetches `f`" in one.message
