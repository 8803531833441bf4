"""Seeds that are the sum of two counters."""

import pytest

from rules.programs_of_rules import found

FAULTY = {
    "in one function": """
        def train(n, m):
            for epoch in range(n):
                for i, batch in enumerate(m):
                    noise = jax.random.normal(jax.random.key(epoch + i))
        """,
    "folded in, with a number beside": """
        def train(key, n):
            for epoch in range(n):
                for i in range(10):
                    noise = jax.random.normal(jax.random.fold_in(key, 7 + epoch + i))
        """,
    "in a helper": """
        def corrupt(x, epoch, index):
            return x + jax.random.normal(jax.random.PRNGKey(epoch + index), x.shape)

        @jax.jit
        def step(x, epoch, index):
            return corrupt(x, epoch, index).sum()

        def train(x):
            for epoch in range(8):
                for index in range(10):
                    x = step(x, epoch, index)
        """,
}
SOUND = {
    "a product keeps them apart": """
        def train(n):
            for epoch in range(n):
                for i in range(10):
                    noise = jax.random.normal(jax.random.key(10 * epoch + i))
        """,
    "one counter and a seed": """
        def train(seed, n):
            for i in range(n):
                noise = jax.random.normal(jax.random.key(seed + i))
        """,
    "the outer one counts by tens": """
        def train(n):
            for start in range(0, n, 10):
                for i in range(10):
                    noise = jax.random.normal(jax.random.key(start + i))
        """,
    "of two loops, one after the other": """
        def train(n):
            for i in range(n):
                pass
            for j in range(n):
                noise = jax.random.normal(jax.random.key(i + j))
        """,
    "the outer one turns once": """
        def train(n):
            for epoch in range(1):
                for i in range(n):
                    noise = jax.random.normal(jax.random.key(epoch + i))
        """,
}


def told(code):
    return [one for one in found("key-reuse", code) if "adds two counters" in one.message]


@pytest.mark.parametrize("code", FAULTY.values(), ids=FAULTY)
def test_it_is_named(code):
    (one,) = told(code)
    assert one.confidence >= 0.8


@pytest.mark.parametrize("code", SOUND.values(), ids=SOUND)
def test_it_is_sound(code):
    assert told(code) == []
