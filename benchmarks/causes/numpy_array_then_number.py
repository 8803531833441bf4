# says: dt: f32[] -> weak f32[]
# jax: dt|weak_type=true|weak_type=false

import jax
import numpy as np


@jax.jit
def step(dt):
    return dt * 2


step(np.array(0.1))
step(0.1)
