# says: best|weak
import jax
import jax.numpy as jnp


@jax.jit
def epoch(params, best):
    return {"b": params["b"], "w": params["w"]}, jnp.minimum(best, 1.0 * params["w"].sum())


params, best = {"w": jnp.ones(3), "b": jnp.zeros(())}, jnp.inf
for _ in range(3):
    params, best = epoch(params, best)
