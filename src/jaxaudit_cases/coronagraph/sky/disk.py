"""Light that dust scatters: as contrast to the star per square arcsecond."""

from __future__ import annotations

import abc
from typing import Any

import equinox as eqx
import jax.numpy as jnp
import numpy as np
from jax import Array

from jaxaudit_cases.coronagraph.checks import must_be, number
from jaxaudit_cases.coronagraph.complaints import BadInput
from jaxaudit_cases.coronagraph.sky.cubic import sampled
from jaxaudit_cases.coronagraph.sky.grid import (
    between,
    must_be_grid,
    must_be_one,
    must_have_shape,
    must_lie_on,
    one,
    spectral,
)
from jaxaudit_cases.coronagraph.sky.scattering import henyey_greenstein, safe_hypot
from jaxaudit_cases.coronagraph.sky.star import number_or_none

EDGE_ON = 0.02
"""A flat ring is infinitely bright when seen edge-on; inclinations whose cosine is smaller are refused."""


class AbstractDisk(eqx.Module):
    """Anything that scatters the star's light over some area of the sky."""

    @abc.abstractmethod
    def brightness(self, x_arcsec: Array, y_arcsec: Array, wavelength_nm: Any) -> Array:
        """Contrast to the star per square arcsecond at these points, in their shape."""

    @abc.abstractmethod
    def check(self, wavelength_nm: Any) -> None:
        """Raises BadInput where the wavelength is known to lie outside the disk's table."""


class ImageDisk(AbstractDisk):
    """A disk known by its images: contrast to the star per image pixel.

    `contrast` is [w, y, x] with `wavelengths_nm` [w], straight lines between them; or [y, x] with None, the same at all
    wavelengths. The star stands at the image's geometric centre. Between pixels Keys' cubic (a = -1/2) runs through the
    values; outside the image there is nothing.
    """

    wavelengths_nm: Array | None = eqx.field(converter=number_or_none)
    contrast: Array = eqx.field(converter=number)
    pixel_scale_arcsec: Array = eqx.field(converter=number)

    def __check_init__(self) -> None:
        shape, wanted = self.contrast.shape, "[y, x]" if self.wavelengths_nm is None else "[wavelength, y, x]"
        if len(shape) != wanted.count(",") + 1:
            raise BadInput(f"contrast has the shape {shape}: it must be {wanted}")
        if self.wavelengths_nm is not None:
            must_be_grid("wavelengths_nm", self.wavelengths_nm)
            must_have_shape(
                "contrast", self.contrast, (*self.wavelengths_nm.shape, *shape[1:]), "an image a wavelength"
            )
        must_be("contrast", self.contrast, "finite and not below 0", lambda it: (it >= 0) & np.isfinite(it))
        must_be_one("pixel_scale_arcsec", self.pixel_scale_arcsec)
        must_be(
            "pixel_scale_arcsec", self.pixel_scale_arcsec, "positive and finite", lambda it: (it > 0) & np.isfinite(it)
        )

    def brightness(self, x_arcsec: Array, y_arcsec: Array, wavelength_nm: Any) -> Array:
        """Contrast to the star per square arcsecond at these points, in their shape."""
        image = self.image(wavelength_nm)
        rows, columns = image.shape
        x = x_arcsec / self.pixel_scale_arcsec + (columns - 1) / 2
        y = y_arcsec / self.pixel_scale_arcsec + (rows - 1) / 2
        return sampled(image, x, y) / self.pixel_scale_arcsec**2

    def image(self, wavelength_nm: Any) -> Array:
        """Contrast to the star per image pixel [y, x] at this wavelength."""
        if self.wavelengths_nm is None:
            return self.contrast
        self.check(wavelength_nm)
        return between(self.wavelengths_nm, self.contrast, one("wavelength_nm", wavelength_nm, self.wavelengths_nm))

    def check(self, wavelength_nm: Any) -> None:
        """Raises BadInput where the wavelength is known to lie outside the images'."""
        if self.wavelengths_nm is not None:
            must_lie_on(
                "wavelength_nm", one("wavelength_nm", wavelength_nm, self.wavelengths_nm), self.wavelengths_nm, "nm"
            )


class RingDisk(AbstractDisk):
    """A flat ring of dust, Gaussian in radius, that scatters by Henyey and Greenstein's law.

    `face_on_brightness` is its contrast to the star per square arcsecond on the ring, as seen face-on if the dust
    scattered alike in all directions: one number, or [w] with `wavelengths_nm`. Inclined, the column gets longer by
    1/cos(inclination). `position_angle_deg` is that of the major axis, counter-clockwise from up (+y); the nearer half
    lies a quarter turn further. So it is the plane of orbits with the same inclination and
    node = position angle + 90 degrees.
    """

    radius_arcsec: Array = eqx.field(converter=number)
    width_arcsec: Array = eqx.field(converter=number)
    inclination_deg: Array = eqx.field(converter=number)
    position_angle_deg: Array = eqx.field(converter=number)
    asymmetry: Array = eqx.field(converter=number)
    face_on_brightness: Array = eqx.field(converter=number)
    wavelengths_nm: Array | None = eqx.field(converter=number_or_none, default=None)

    def __check_init__(self) -> None:
        for name in ("radius_arcsec", "width_arcsec", "inclination_deg", "position_angle_deg", "asymmetry"):
            must_be_one(name, getattr(self, name))
        for name in ("radius_arcsec", "width_arcsec"):
            must_be(name, getattr(self, name), "positive and finite", lambda it: (it > 0) & np.isfinite(it))
        must_be(
            "inclination_deg",
            self.inclination_deg,
            "more than 1.2 degrees from edge-on (90)",
            lambda it: np.abs(np.cos(np.radians(it))) >= EDGE_ON,
        )
        must_be("position_angle_deg", self.position_angle_deg, "a finite number of degrees", np.isfinite)
        must_be("asymmetry", self.asymmetry, "above -1 and below 1", lambda it: np.abs(it) < 1)
        shape: tuple[int, ...] = ()
        if self.wavelengths_nm is not None:
            must_be_grid("wavelengths_nm", self.wavelengths_nm)
            shape = self.wavelengths_nm.shape
        must_have_shape("face_on_brightness", self.face_on_brightness, shape, "one for each of wavelengths_nm")
        must_be(
            "face_on_brightness",
            self.face_on_brightness,
            "finite and not below 0",
            lambda it: (it >= 0) & np.isfinite(it),
        )

    def brightness(self, x_arcsec: Array, y_arcsec: Array, wavelength_nm: Any) -> Array:
        """Contrast to the star per square arcsecond at these points, in their shape."""
        node, tilt = jnp.deg2rad(self.position_angle_deg + 90), jnp.deg2rad(self.inclination_deg)
        cos, sin = jnp.cos(node), jnp.sin(node)
        # In the ring's plane: along the node's direction, and a quarter turn further.
        along = x_arcsec * cos + y_arcsec * sin
        across = (y_arcsec * cos - x_arcsec * sin) / jnp.cos(tilt)
        radius = safe_hypot(along, across)
        towards_us = across * jnp.sin(tilt) / jnp.where(radius == 0, 1, radius)
        profile = jnp.exp(-(((radius - self.radius_arcsec) / self.width_arcsec) ** 2) / 2)
        level = spectral(self.face_on_brightness, self.wavelengths_nm, wavelength_nm) / jnp.abs(jnp.cos(tilt))
        return level * profile * henyey_greenstein(towards_us, self.asymmetry)

    def check(self, wavelength_nm: Any) -> None:
        """Raises BadInput where the wavelength is known to lie outside the ring's table."""
        if self.wavelengths_nm is not None:
            must_lie_on(
                "wavelength_nm", one("wavelength_nm", wavelength_nm, self.wavelengths_nm), self.wavelengths_nm, "nm"
            )


class Disks(AbstractDisk):
    """Several disks, one behind the other: their sum."""

    disks: tuple[AbstractDisk, ...]

    def __check_init__(self) -> None:
        if not self.disks:
            raise BadInput("disks is empty: it must hold at least one disk (a scene without any has disk=None)")

    def brightness(self, x_arcsec: Array, y_arcsec: Array, wavelength_nm: Any) -> Array:
        """Contrast to the star per square arcsecond at these points, in their shape."""
        first, *others = (disk.brightness(x_arcsec, y_arcsec, wavelength_nm) for disk in self.disks)
        return sum(others, first)

    def check(self, wavelength_nm: Any) -> None:
        """Raises BadInput where the wavelength is known to lie outside one of the disks' tables."""
        for disk in self.disks:
            disk.check(wavelength_nm)
