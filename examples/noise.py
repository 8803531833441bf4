"""Two draws from one key: the noise repeats the signal."""

import jax


def observe(key, n):
    signal = jax.random.normal(key, (n,))
    noise = jax.random.normal(key, (n,))
    return signal + 0.1 * noise


print(observe(jax.random.key(0), 3))
