# says: star.flux|weak f32[]|f32[]
# jax: flux|weak_type=false|weak_type=true

import equinox as eqx
import jax
import jax.numpy as jnp


class Star(eqx.Module):
    flux: jax.Array


@eqx.filter_jit
def brighten(star):
    return Star(star.flux + jnp.ones((), jnp.float32))


star = Star(jnp.asarray(1.0))
for _ in range(2):
    star = brighten(star)
