"""Keys that an object keeps and draws with again at each call."""

from jaxaudit.rules.random_numbers.key_reuse import RULE
from rules.marked_faults import at_the_mark, findings

LAYER = """
        import equinox as eqx
        class Noisy(eqx.Module):
            key: jax.Array
            def __init__(self, key):
                self.key = key
            def __call__(self, x):
                return x + jax.random.normal(self.key, x.shape)  # fault
        layer = Noisy(jax.random.key(0))
        for _ in range(3):
            print(layer(jnp.ones(3)))
        """


def test_a_layer_called_in_a_loop():
    certain = [one for one in findings(RULE, LAYER) if one.confidence >= 0.8]
    assert at_the_mark(certain, LAYER)


def test_a_layer_made_in_each_turn():
    source = LAYER.replace(
        "print(layer(jnp.ones(3)))", "layer = Noisy(jax.random.key(_))\n            print(layer(jnp.ones(3)))"
    )
    assert not [one for one in findings(RULE, source) if one.confidence >= 0.8]
