"""What the study looks at: one planetary system, scaled to the field, through a telescope of 6 m."""

from __future__ import annotations

from pathlib import Path

import equinox as eqx
import jax.numpy as jnp
import numpy as np
from jax import Array

from jaxaudit_cases.coronagraph.checks import number
from jaxaudit_cases.coronagraph.imaging.rates import View, scene_rate
from jaxaudit_cases.coronagraph.instrument.coronagraph import AbstractCoronagraph
from jaxaudit_cases.coronagraph.instrument.detector import Detector
from jaxaudit_cases.coronagraph.instrument.filter import Filter
from jaxaudit_cases.coronagraph.instrument.load import load_cube, load_factored
from jaxaudit_cases.coronagraph.instrument.mirror import Primary
from jaxaudit_cases.coronagraph.instrument.optical_path import OpticalPath
from jaxaudit_cases.coronagraph.sky.disk import ImageDisk, RingDisk
from jaxaudit_cases.coronagraph.sky.light import jy_of_magnitude
from jaxaudit_cases.coronagraph.sky.orbit import Orbit
from jaxaudit_cases.coronagraph.sky.planet import Planets
from jaxaudit_cases.coronagraph.sky.scene import Scene
from jaxaudit_cases.coronagraph.sky.star import Star
from jaxaudit_cases.coronagraph.sky.units import EARTH_RADIUS_AU
from jaxaudit_cases.coronagraph.sky.zodi import Zodi

WAVELENGTH_NM, WIDTH_NM = 550.0, 50.0
ROLL_DEG = 20.0
TIME_D = 30.0
EXPOSURE_S = 3600.0
STAR_MAGNITUDE = 5.0
DISTANCE_PC = 10.0
INCLINATION_DEG, POSITION_ANGLE_DEG = 50.0, 35.0

ORBITS = (0.32, 0.43, 0.7, 0.8)
"""Semi-major axes as parts of half the field: two planets within the ring of dust, two outside."""
RADII = (8e-5, 7e-5, 6e-5, 6e-5)
"""Radii as parts of the semi-major axes: contrasts of some 1e-9."""
RING, RING_WIDTH = 0.57, 0.05
"""The ring of dust: radius and width as parts of half the field."""
RING_BRIGHTNESS = 2e-6
"""Contrast to the star per square arcsecond, seen face-on: some 13 times the zodiacal light."""


class Observation(eqx.Module):
    """All that a frame is made from, but the random key."""

    scene: Scene
    path: OpticalPath
    view: View
    exposure_s: Array = eqx.field(converter=number)


def frame(scene: Scene, path: OpticalPath, view: View, exposure_s: Array, key: Array) -> Array:
    """Electrons in each pixel: star, planets, disk and zodiacal light, read out."""
    return path.detector.readout_source_electrons(scene_rate(scene, path, view), exposure_s, key)


def observation(folder: Path | str, form: str = "cube") -> Observation:
    """What the study looks at, through the coronagraph of a package, in one of the two forms."""
    path = telescope(load_factored(folder) if form == "factored" else load_cube(folder))
    half = path.coronagraph.half * float(path.pixel_arcsec(path.filter.wavelength_nm))
    return Observation(system(half), path, View.through(path, TIME_D, ROLL_DEG), number(EXPOSURE_S))


def telescope(coronagraph: AbstractCoronagraph) -> OpticalPath:
    """6 m, 550 nm in a band of 50 nm, and a detector whose pixels are those of the coronagraph's maps."""
    primary = Primary(number(6.0))
    pixel_arcsec = coronagraph.pixel_lod * primary.lod_arcsec(number(WAVELENGTH_NM))
    detector = Detector(
        coronagraph.pixels,
        pixel_arcsec,
        quantum_efficiency=number(0.8),
        dark_rate=number(1e-4),
        clock_charge=number(1e-3),
        frame_s=number(100.0),
    )
    return OpticalPath(
        primary, coronagraph, Filter(number(WAVELENGTH_NM), number(WIDTH_NM)), detector, throughput=number(0.684)
    )


def system(half_field_arcsec: float) -> Scene:
    """A star of magnitude 5 with four planets and an image of a ring of dust, behind zodiacal light of magnitude 22."""
    star = Star(
        number([500.0, 600.0]),
        number([float(jy_of_magnitude(number(STAR_MAGNITUDE)))] * 2),
        diameter_arcsec=number(0.001),
        distance_pc=number(DISTANCE_PC),
    )
    axes = np.array(ORBITS) * half_field_arcsec * DISTANCE_PC
    count = len(axes)
    orbit = Orbit(
        semi_major_axis_au=number(axes),
        eccentricity=number(np.array([0.02, 0.1, 0.05, 0.03])),
        inclination_rad=number(np.full(count, np.radians(INCLINATION_DEG))),
        node_rad=number(np.full(count, np.radians(POSITION_ANGLE_DEG + 90))),
        periapsis_rad=number(np.array([0.3, 1.1, 2.0, 4.0])),
        mean_anomaly_rad=number(np.array([1.2, 4.4, 3.1, 5.9])),
        epoch_d=number(np.full(count, TIME_D)),
    )
    planets = Planets(number(np.array(RADII) * axes / EARTH_RADIUS_AU), orbit, albedo=number(np.full(count, 0.4)))
    return Scene(star, planets, dust(half_field_arcsec), Zodi(number(22.0)))


def dust(half_field_arcsec: float, pixels: int = 200) -> ImageDisk:
    """The ring as published scenes have it: an image at each of three wavelengths, contrast to the star per pixel."""
    ring = RingDisk(
        number(RING * half_field_arcsec),
        number(RING_WIDTH * half_field_arcsec),
        number(INCLINATION_DEG),
        number(POSITION_ANGLE_DEG),
        asymmetry=number(0.3),
        face_on_brightness=number(RING_BRIGHTNESS),
    )
    scale = 2 * half_field_arcsec / pixels
    axis = (jnp.arange(pixels) - (pixels - 1) / 2) * scale
    x, y = jnp.meshgrid(axis, axis)
    image = ring.brightness(x, y, WAVELENGTH_NM) * scale**2
    wavelengths = np.array([500.0, 550.0, 600.0])
    return ImageDisk(
        number(wavelengths), number(np.asarray(image) * (wavelengths / WAVELENGTH_NM)[:, None, None]), number(scale)
    )
