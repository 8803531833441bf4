"""Spectra shifted one by one, each operation dispatched by itself."""

import jax
import jax.numpy as jnp


def shifted(wavelengths, spectrum):
    return jnp.interp(wavelengths * 1.001, wavelengths, spectrum) - 0.5 * spectrum


wavelengths = jnp.linspace(1.0, 2.0, 300)
spectra = jnp.sin(jnp.arange(200.0)[:, None] * wavelengths)
for night in range(3):
    moved = jnp.stack([shifted(wavelengths, spectrum) for spectrum in spectra])
    print(f"{float(jnp.abs(moved).sum()):.3f}")
