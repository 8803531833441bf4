"""The variants: one frame, written in different ways."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import jax
from jax import Array

from jaxaudit_cases.coronagraph.imaging.rates import View, disk_rate, planet_rate, star_rate, zodi_rate
from jaxaudit_cases.coronagraph.instrument.optical_path import OpticalPath
from jaxaudit_cases.coronagraph.sky.scene import Scene
from jaxaudit_cases.coronagraph.study.observation import Observation, frame


class Program(NamedTuple):
    """A jitted function, and its arguments but for the random key, which comes last."""

    jitted: Any
    arguments: tuple[Any, ...]


def as_argument(seen: Observation) -> Program:
    """Everything that holds arrays is an argument."""
    return Program(jax.jit(frame), (seen.scene, seen.path, seen.view, seen.exposure_s))


def closed_over(seen: Observation) -> Program:
    """As programs are often written: the optical path is taken from around the function."""
    path = seen.path

    def frame_of_this_telescope(scene: Scene, view: View, exposure_s: Array, key: Array) -> Array:
        return frame(scene, path, view, exposure_s, key)

    return Program(jax.jit(frame_of_this_telescope), (seen.scene, seen.view, seen.exposure_s))


def folded(seen: Observation) -> Program:
    """The rates of star and disk, which stand still, are computed once and become constants on purpose."""
    still = jax.jit(standing_still)(seen.scene, seen.path, seen.view).block_until_ready()

    def frame_with_constants(scene: Scene, path: OpticalPath, view: View, exposure_s: Array, key: Array) -> Array:
        rate = still
        if scene.planets is not None:
            rate = rate + planet_rate(scene.planets, scene.star, path, view)
        if scene.zodi is not None:
            rate = rate + zodi_rate(scene.zodi, path, view)
        return path.detector.readout_source_electrons(rate, exposure_s, key)

    return Program(jax.jit(frame_with_constants), (seen.scene, seen.path, seen.view, seen.exposure_s))


def standing_still(scene: Scene, path: OpticalPath, view: View) -> Array:
    """The rates of what does not move while the telescope's roll stays."""
    star = star_rate(scene.star, path, view)
    return star if scene.disk is None else star + disk_rate(scene.disk, scene.star, path, view)


PROGRAMS: dict[str, Callable[[Observation], Program]] = {
    "closed-over": closed_over,
    "as-argument": as_argument,
    "simplified": closed_over,
    "folded": folded,
    "factored": as_argument,
}
"""By the names of the variants."""
