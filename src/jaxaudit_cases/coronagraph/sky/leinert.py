"""The brightness of the zodiacal light as published by Leinert et al. (1998), A&AS 127, 1.

Table 17: at 500 nm, in stars of tenth magnitude per square degree (S10), by ecliptic latitude and longitude from the sun.
Table 19: in the ecliptic 90 degrees from the sun, in W/m2/sr/um, by wavelength.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import jax.numpy as jnp
import numpy as np
from jax import Array

from jaxaudit_cases.coronagraph.sky.grid import between

LATITUDES_DEG = (0, 5, 10, 15, 20, 25, 30, 45, 60, 75, 90)
NONE = -1
"""Too near to the sun: not tabulated."""
# fmt: off
TABLE_17 = {
    0: (NONE, NONE, NONE, 3140, 1610, 985, 640, 275, 150, 100, 77),
    5: (NONE, NONE, NONE, 2940, 1540, 945, 625, 271, 150, 100, 77),
    10: (NONE, NONE, 4740, 2470, 1370, 865, 590, 264, 148, 100, 77),
    15: (11500, 6780, 3440, 1860, 1110, 755, 525, 251, 146, 100, 77),
    20: (6400, 4480, 2410, 1410, 910, 635, 454, 237, 141, 99, 77),
    25: (3840, 2830, 1730, 1100, 749, 545, 410, 223, 136, 97, 77),
    30: (2480, 1870, 1220, 845, 615, 467, 365, 207, 131, 95, 77),
    35: (1650, 1270, 910, 680, 510, 397, 320, 193, 125, 93, 77),
    40: (1180, 940, 700, 530, 416, 338, 282, 179, 120, 92, 77),
    45: (910, 730, 555, 442, 356, 292, 250, 166, 116, 90, 77),
    60: (505, 442, 352, 292, 243, 209, 183, 134, 104, 86, 77),
    75: (338, 317, 269, 227, 196, 172, 151, 116, 93, 82, 77),
    90: (259, 251, 225, 193, 166, 147, 132, 104, 86, 79, 77),
    105: (212, 210, 197, 170, 150, 133, 119, 96, 82, 77, 77),
    120: (188, 186, 177, 154, 138, 125, 113, 90, 77, 74, 77),
    135: (179, 178, 166, 147, 134, 122, 110, 90, 77, 73, 77),
    150: (179, 178, 165, 148, 137, 127, 116, 96, 79, 72, 77),
    165: (196, 192, 179, 165, 151, 141, 131, 104, 82, 72, 77),
    180: (230, 212, 195, 178, 163, 148, 134, 105, 83, 72, 77),
}
"""By longitude from the sun in degrees: one value for each latitude."""
TABLE_19 = {
    200: 2.5e-8, 300: 5.3e-7, 400: 2.2e-6, 500: 2.6e-6, 700: 2.0e-6, 900: 1.3e-6, 1000: 1.2e-6, 1200: 8.1e-7,
    2200: 1.7e-7, 3500: 5.2e-8, 4800: 1.2e-7, 12000: 7.5e-7, 25000: 3.2e-7, 60000: 1.8e-8, 100000: 3.2e-9,
    140000: 6.9e-10,
}
"""By wavelength in nm."""
# fmt: on
ANTISUN_S10 = TABLE_17[135][0]
_LOG_WAVELENGTHS, _LOG_RADIANCES = np.log(list(TABLE_19)), np.log(list(TABLE_19.values()))
TABULATED_NM = (min(TABLE_19), max(TABLE_19))
_BRIGHTNESS = np.array(list(TABLE_17.values()), np.float64)
_KNOWN = _BRIGHTNESS != NONE
# Where nothing is tabulated stands the value of the nearest latitude that is.
_FILLED = np.array([np.where(known, row, row[np.argmax(known)]) for row, known in zip(_BRIGHTNESS, _KNOWN)])


def brightness_s10(latitude_deg: Array, longitude_deg: Array) -> Array:
    """Table 17 between its nodes, alike north and south, east and west of the sun."""
    latitudes = jnp.asarray(LATITUDES_DEG, dtype=latitude_deg.dtype)
    longitudes = jnp.asarray(list(TABLE_17), dtype=longitude_deg.dtype)
    by_latitude = between(longitudes, jnp.asarray(_FILLED, dtype=latitude_deg.dtype), _from_sun(longitude_deg))
    return between(latitudes, by_latitude, jnp.abs(latitude_deg))


def colour(wavelength_nm: Array, reference_nm: Array) -> Array:
    """Table 19 at one wavelength by that at another, between its nodes by straight lines in the logarithms: in energy."""
    wavelengths = jnp.asarray(_LOG_WAVELENGTHS, dtype=wavelength_nm.dtype)
    radiances = jnp.asarray(_LOG_RADIANCES, dtype=wavelength_nm.dtype)
    there = between(wavelengths, radiances, jnp.log(wavelength_nm))
    return jnp.exp(there - between(wavelengths, radiances, jnp.log(reference_nm)))


def is_tabulated(latitude_deg: Any, longitude_deg: Any) -> Any:
    """Whether table 17 holds every node that counts at these places (known numbers)."""
    latitude, longitude = np.abs(np.asarray(latitude_deg, float)), np.asarray(longitude_deg, float)
    rows, columns = _nodes(list(TABLE_17), _from_sun(longitude)), _nodes(LATITUDES_DEG, latitude)
    return np.all([_KNOWN[row, column] for row in rows for column in columns], axis=0)


def has_colour(wavelength_nm: Any) -> Any:
    """Whether table 19 spans these wavelengths."""
    return (wavelength_nm >= TABULATED_NM[0]) & (wavelength_nm <= TABULATED_NM[1])


def _from_sun(longitude_deg: Any) -> Any:
    """The angle from the sun along the ecliptic, 0 to 180 degrees."""
    away = abs(longitude_deg) % 360
    return np.minimum(away, 360 - away) if isinstance(away, np.ndarray) else jnp.minimum(away, 360 - away)


def _nodes(grid: Sequence[int], at: Any) -> tuple[Any, Any]:
    """The nodes that count at a place: two, or twice the same where it is one itself."""
    return np.searchsorted(grid, at, side="right") - 1, np.searchsorted(grid, at, side="left")
