# says: model.layers[1].weight|f32[4,4]|bf16[4,4]

import equinox as eqx
import jax
import jax.numpy as jnp


@eqx.filter_jit
def predict(model, x):
    return model(x)


model = eqx.nn.MLP(4, 4, 4, 1, key=jax.random.key(0))
predict(model, jnp.ones(4))
predict(eqx.tree_at(lambda m: m.layers[1].weight, model, model.layers[1].weight.astype(jnp.bfloat16)), jnp.ones(4))
