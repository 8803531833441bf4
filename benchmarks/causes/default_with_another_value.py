# says: captured differs|i (default)|0 -> 1
import jax

for i in range(3):
    shift = jax.jit(lambda x, i=i: x + i)
    shift(1.0)
