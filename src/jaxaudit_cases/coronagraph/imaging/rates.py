"""Photons per second and detector pixel: of each source, and of a whole scene.

All functions need the same four things beside the source and the optical path: the time (days since the scene's epoch),
the telescope's roll, the wavelength and the width of the wavelength bin. They are gathered in a `View`, over which `jax.vmap`
makes series: of times, rolls or wavelengths.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jax import Array

from jaxaudit_cases.coronagraph.checks import is_known, must_be, number
from jaxaudit_cases.coronagraph.complaints import BadInput
from jaxaudit_cases.coronagraph.imaging.nodes import folded, point_sources, positions
from jaxaudit_cases.coronagraph.imaging.resample import resampled
from jaxaudit_cases.coronagraph.instrument.optical_path import OpticalPath
from jaxaudit_cases.coronagraph.sky.disk import AbstractDisk
from jaxaudit_cases.coronagraph.sky.planet import AbstractPlanets
from jaxaudit_cases.coronagraph.sky.scene import Scene
from jaxaudit_cases.coronagraph.sky.star import Star
from jaxaudit_cases.coronagraph.sky.zodi import Zodi


class View(eqx.Module):
    """When, how turned and in which light a scene is looked at."""

    wavelength_nm: Array = eqx.field(converter=number)
    bin_width_nm: Array = eqx.field(converter=number)
    time_d: Array = eqx.field(converter=number, default=0.0)
    roll_deg: Array = eqx.field(converter=number, default=0.0)

    def __check_init__(self) -> None:
        must_be("wavelength_nm", self.wavelength_nm, "a positive number of nanometres", lambda it: it > 0)
        must_be("bin_width_nm", self.bin_width_nm, "a positive number of nanometres", lambda it: it > 0)
        must_be("time_d", self.time_d, "a finite number of days", lambda it: abs(it) < 1e9)
        must_be("roll_deg", self.roll_deg, "a finite number of degrees", lambda it: abs(it) < 1e6)

    @classmethod
    def through(cls, path: OpticalPath, time_d: Any = 0.0, roll_deg: Any = 0.0) -> View:
        """The whole band of the path's filter, in one bin."""
        return cls(path.filter.wavelength_nm, path.filter.width_nm, time_d, roll_deg)


class Rates(NamedTuple):
    """Photons/s/pixel by source, each [pixels, pixels]."""

    star: Array
    planets: Array
    disk: Array
    zodi: Array
    speckles: Array

    @property
    def total(self) -> Array:
        """Their sum."""
        return self.star + self.planets + self.disk + self.zodi + self.speckles


def check_view(scene: Scene, path: OpticalPath, view: View) -> None:
    """Raises BadInput where something of the scene lies outside of what is known of it, or of the coronagraph's field.

    The functions below do so themselves where they see values. Within `jax.jit` and `jax.vmap` they don't: there a
    wavelength or a date outside a table is held at its edge, and a planet outside the field is not seen. So call this
    first, with the views that will be handed in (of a series, too).
    """
    for one in _each(view):
        scene.check(one.wavelength_nm, one.time_d)
        if scene.planets is not None:
            _must_be_in_the_field(_seen(scene.planets, scene.star, one), path, one)


def _each(view: View) -> list[View]:
    count = max((np.shape(leaf)[0] for leaf in jax.tree.leaves(view) if np.ndim(leaf)), default=0)
    if not count:
        return [view]
    fields = jax.tree.map(lambda leaf: np.broadcast_to(np.asarray(leaf), (count,)), view)
    return [jax.tree.map(lambda leaf, at=at: leaf[at], fields) for at in range(count)]


def star_rate(star: Star, path: OpticalPath, view: View) -> Array:
    """The star's light that leaks through the coronagraph."""
    return _sampled(_star_map(star, path, view), path, view)


def zodi_rate(zodi: Zodi, path: OpticalPath, view: View) -> Array:
    """The zodiacal light of our own system: even over the field, but for what the coronagraph takes."""
    return _sampled(_zodi_map(zodi, path, view), path, view)


def speckle_rate(star: Star, path: OpticalPath, view: View) -> Array:
    """The star's light that the optics scatter, if the path has speckles."""
    return _sampled(_speckle_map(star, path, view), path, view)


def planet_rate(planets: AbstractPlanets, star: Star, path: OpticalPath, view: View) -> Array:
    """All planets together."""
    return _imaged(_planet_nodes(planets, star, path, view), path, view)


def disk_rate(disk: AbstractDisk, star: Star, path: OpticalPath, view: View) -> Array:
    """The light that the disk scatters."""
    return _imaged(_disk_nodes(disk, star, path, view), path, view)


def scene_rates(scene: Scene, path: OpticalPath, view: View) -> Rates:
    """Each source on its own."""
    scene.check(view.wavelength_nm, view.time_d)
    nothing = jnp.zeros((path.detector.pixels,) * 2, view.wavelength_nm.dtype)
    return Rates(
        star_rate(scene.star, path, view),
        nothing if scene.planets is None else planet_rate(scene.planets, scene.star, path, view),
        nothing if scene.disk is None else disk_rate(scene.disk, scene.star, path, view),
        nothing if scene.zodi is None else zodi_rate(scene.zodi, path, view),
        nothing if path.speckles is None else speckle_rate(scene.star, path, view),
    )


def scene_rate(scene: Scene, path: OpticalPath, view: View) -> Array:
    """The sum of all sources, by one product with the coronagraph's functions: what a frame is read out from."""
    scene.check(view.wavelength_nm, view.time_d)
    even = _star_map(scene.star, path, view)
    if scene.zodi is not None:
        even = even + _zodi_map(scene.zodi, path, view)
    if path.speckles is not None:
        even = even + _speckle_map(scene.star, path, view)
    total = _sampled(even, path, view)
    nodes = [
        *([] if scene.planets is None else [_planet_nodes(scene.planets, scene.star, path, view)]),
        *([] if scene.disk is None else [_disk_nodes(scene.disk, scene.star, path, view)]),
    ]
    return total + _imaged(sum(nodes[1:], nodes[0]), path, view) if nodes else total


def _star_map(star: Star, path: OpticalPath, view: View) -> Array:
    """Photons per second and detector pixel on the coronagraph's own map."""
    diameter = star.diameter_arcsec / path.primary.lod_arcsec(view.wavelength_nm)
    return path.coronagraph.star_maps(diameter) * (_starlight(star, path, view) * path.scale(view.wavelength_nm) ** 2)


def _zodi_map(zodi: Zodi, path: OpticalPath, view: View) -> Array:
    per_pixel = zodi.brightness(view.wavelength_nm) * path.detector.pixel_arcsec**2
    return path.coronagraph.sky_transmission * (per_pixel * path.collected(view.bin_width_nm))


def _speckle_map(star: Star, path: OpticalPath, view: View) -> Array:
    if path.speckles is None:
        raise BadInput("the optical path has no speckles: give it `speckles=Speckles.drawn(...)`")
    coronagraph = path.coronagraph
    fraction = path.speckles.fraction(coronagraph.pixels, coronagraph.pixel_lod, view.time_d)
    return (
        coronagraph.sky_transmission * fraction * (_starlight(star, path, view) * path.scale(view.wavelength_nm) ** 2)
    )


def _starlight(star: Star, path: OpticalPath, view: View) -> Array:
    """Photons per second that the mirror collects of the star."""
    return star.flux(view.wavelength_nm, view.time_d) * path.collected(view.bin_width_nm)


def _planet_nodes(planets: AbstractPlanets, star: Star, path: OpticalPath, view: View) -> Array:
    """Photons per second at the coronagraph's nodes [2 * half + 1, 2 * half + 1]."""
    seen = _seen(planets, star, view)
    _must_be_in_the_field(seen, path, view)
    fluxes = planets.contrast(view.wavelength_nm, view.time_d, star) * _starlight(star, path, view)
    return point_sources(seen / path.pixel_arcsec(view.wavelength_nm), fluxes, path.coronagraph.half)


def _seen(planets: AbstractPlanets, star: Star, view: View) -> Array:
    """Where the planets stand on the detector [k, 2] (x, y), in arcseconds from the star."""
    turn = -jnp.deg2rad(view.roll_deg)
    cos, sin = jnp.cos(turn), jnp.sin(turn)
    x, y = planets.offsets_arcsec(view.time_d, star).T
    return jnp.stack([x * cos - y * sin, x * sin + y * cos], axis=1)


def _must_be_in_the_field(offsets: Array, path: OpticalPath, view: View) -> None:
    """Raises BadInput where a planet is known to stand outside of what the coronagraph's functions cover."""
    if is_known(offsets) and is_known(view.wavelength_nm) and is_known(path.primary.diameter_m):
        reach = float(path.coronagraph.half * path.pixel_arcsec(view.wavelength_nm))
        what = f"within the coronagraph's field, {reach:.4g} arcsec to each side of the star"
        must_be("offsets_arcsec", offsets, what, lambda it: abs(it) <= reach)


def _disk_nodes(disk: AbstractDisk, star: Star, path: OpticalPath, view: View) -> Array:
    step = path.pixel_arcsec(view.wavelength_nm)
    x, y = positions(path.coronagraph.half, step, jnp.deg2rad(view.roll_deg))
    return disk.brightness(x, y, view.wavelength_nm) * (_starlight(star, path, view) * step**2)


def _imaged(nodes: Array, path: OpticalPath, view: View) -> Array:
    image = path.coronagraph.image(folded(nodes), path.sampling(view.wavelength_nm))
    return jnp.maximum(image * path.scale(view.wavelength_nm) ** 2, 0)


def _sampled(image: Array, path: OpticalPath, view: View) -> Array:
    return jnp.maximum(resampled(image, path.sampling(view.wavelength_nm)), 0)
