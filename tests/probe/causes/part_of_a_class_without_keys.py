# says: .velocity
import jax
import jax.numpy as jnp


@jax.tree_util.register_pytree_node_class
class State:
    def __init__(self, rate, velocity=None):
        self.rate, self.velocity = rate, velocity

    def tree_flatten(self):
        return (self.rate, self.velocity), None

    @classmethod
    def tree_unflatten(cls, _, children):
        return cls(*children)


@jax.jit
def descend(state):
    return State(state.rate, {"re": jnp.ones(3)})


descend(descend(State(jnp.ones(()))))
