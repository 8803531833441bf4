# says: x|NamedSharding

import jax
import jax.numpy as jnp
import numpy as np
from jax.sharding import Mesh, NamedSharding, PartitionSpec


@jax.jit
def double(x):
    return x * 2


double(jnp.ones(4))
mesh = Mesh(np.array(jax.devices()[:1]), ("data",))
double(jax.device_put(jnp.ones(4), NamedSharding(mesh, PartitionSpec("data"))))
