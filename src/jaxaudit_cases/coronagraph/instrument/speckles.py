"""Speckles: starlight that imperfect optics scatter over the field, and that drifts while one looks."""

from __future__ import annotations

import math
from functools import partial
from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
from jax import Array

from jaxaudit_cases.coronagraph.checks import must_be, number

PEAK_PER_LOD2 = math.pi / 4
"""The peak of a clear round mirror's image: this part of its photons per square lambda/D."""


class Speckles(eqx.Module):
    """A speckle field of this mean raw contrast, that is a function of time alone: the same time, the same field.

    Each of a grid of points in the pupil has an error in phase that turns once in a period of its own; the field is
    the square of their sum, with the exponential distribution that speckles have, lambda/D wide, changing within
    `period_d` days. Where the coronagraph transmits less of the sky it is fainter, too.
    """

    contrast: Array = eqx.field(converter=number)
    phases: Array
    """In turns [m, m], at time 0."""
    turns_per_d: Array
    """[m, m]"""

    def __check_init__(self) -> None:
        must_be("contrast", self.contrast, "a raw contrast, not below 0", lambda it: it >= 0)

    @classmethod
    def drawn(cls, key: Array, contrast: Any, period_d: Any, across_lod: int = 64) -> Speckles:
        """One of many such fields, `across_lod` lambda/D wide before it repeats."""
        must_be("period_d", period_d, "a positive number of days", lambda it: it > 0)
        return cls(contrast, *_pupil(key, number(period_d), across_lod))

    def fraction(self, pixels: int, pixel_lod: Array, time_d: Array) -> Array:
        """The part of the star's photons that fall on each map pixel [pixels, pixels]."""
        points = self.phases.shape[0]
        pupil = (jnp.arange(points, dtype=pixel_lod.dtype) + 0.5) / points - 0.5
        inside = pupil[:, None] ** 2 + pupil[None, :] ** 2 <= 0.25
        at = (jnp.arange(pixels, dtype=pixel_lod.dtype) - (pixels - 1) / 2) * pixel_lod
        turns = self.phases + self.turns_per_d * time_d
        # Real and imaginary parts side by side: products of real matrices only.
        wave, weight = 2 * jnp.pi * at[:, None] * pupil[None, :], jnp.where(inside, 1.0, 0.0)
        cos, sin = jnp.cos(wave), jnp.sin(wave)
        field_cos, field_sin = jnp.cos(2 * jnp.pi * turns) * weight, jnp.sin(2 * jnp.pi * turns) * weight
        by_row_cos = cos @ field_cos - sin @ field_sin
        by_row_sin = cos @ field_sin + sin @ field_cos
        real = by_row_cos @ cos.T - by_row_sin @ sin.T
        imaginary = by_row_cos @ sin.T + by_row_sin @ cos.T
        intensity = (real**2 + imaginary**2) / jnp.sum(weight)
        return intensity * (self.contrast * PEAK_PER_LOD2 * pixel_lod**2)


@partial(jax.jit, static_argnames="points")
def _pupil(key: Array, period_d: Array, points: int) -> tuple[Array, Array]:
    """Phases in turns, and turns per day, of the pupil's points: one program instead of one for each draw."""
    for_phases, for_turns = jax.random.split(key)
    turns_per_d = jax.random.normal(for_turns, (points, points)) / period_d
    return jax.random.uniform(for_phases, (points, points)), turns_per_d
