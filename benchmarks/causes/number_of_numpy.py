# says: dt|weak f32[]|f32[]
# jax: dt|weak_type=true|weak_type=false
import jax
import numpy as np


@jax.jit
def step(dt):
    return dt * 2


step(0.1)
step(np.float64(0.1))
