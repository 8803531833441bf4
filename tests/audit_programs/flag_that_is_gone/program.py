"""A flag that this XLA does not know ends the program where the backend starts."""

import os

os.environ["XLA_FLAGS"] = "--xla_cpu_enable_fast_math=false --xla_gpu_never_was_a_flag=true"

import jax  # noqa: E402
import jax.numpy as jnp  # noqa: E402

print(jnp.arange(5.0).sum())
