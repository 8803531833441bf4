"""Histogram photon energies under a choice of scale."""
import jax
import jax.numpy as jnp


def histogram(energies, n_bins, low, high, scale):
    if scale == "log":
        energies, low, high = jnp.log(energies), jnp.log(low), jnp.log(high)
    edges = jnp.linspace(low, high, n_bins + 1)
    index = jnp.clip(jnp.searchsorted(edges, energies) - 1, 0, n_bins - 1)
    return jnp.zeros(n_bins).at[index].add(1.0)


fast_histogram = jax.jit(histogram)


def main():
    energies = jnp.exp(jax.random.normal(jax.random.key(4), (5000,)))
    for scale in ("linear", "log"):
        counts = fast_histogram(energies, 12, 0.05, 20.0, scale)
        print(scale, " ".join(str(int(c)) for c in counts))


if __name__ == "__main__":
    main()
