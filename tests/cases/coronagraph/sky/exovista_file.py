"""Writes a scene in the layout of ExoVista's files."""

import numpy as np
from astropy.io import fits

from cases.coronagraph.sky.ellipse import slowly

EARTH_RADIUS_AU = 6.3781e6 / 1.495978707e11
EARTH_MASS_MSUN = 3.0034893e-6
STAR = {"ANGDIAM": 0.8, "DIST": 12.0, "MASS": 0.9, "LSTAR": 0.7, "SPECUNIT": "Jy", "I": 30.0, "PA": 10.0}
WAVELENGTHS_UM = np.array([0.4, 0.5, 0.65, 0.9])
YEARS = np.linspace(0.5, 2.5, 41)
# Semi-major axis, eccentricity, inclination, node, periapsis, mean anomaly, epoch; then radius and mass of the earth.
PLANETS = (
    ((1.0, 0.0, 0.5, 1.0, 0.0, 0.3, 0.0), 1.0, 1.0),
    ((0.5, 0.3, 0.6, 1.1, 2.0, -1.0, 0.0), 3.0, 8.0),
    ((4.0, 0.05, 0.4, 0.9, 4.0, 2.0, 0.0), 11.0, 300.0),
)
ALBEDOS = np.array([0.2, 0.3, 0.35, 0.25])


def star_jy(years):
    return (3.0 + 0.1 * np.sin(years))[:, None] * np.array([1.0, 1.3, 1.2, 0.8])


def planet_rows(elements, radius, mass, years=YEARS):
    total = STAR["MASS"] + EARTH_MASS_MSUN * mass
    rows = np.zeros((len(years), 16 + WAVELENGTHS_UM.size))
    rows[:, 0] = years
    for row, day in zip(rows, years * 365.25):
        place = slowly(elements, day, total)
        row[9:12] = place
        row[12:15] = (slowly(elements, day + 0.01, total) - slowly(elements, day - 0.01, total)) / 0.02 * 365.25
        distance = np.linalg.norm(place)
        phase = np.arccos(-place[2] / distance)
        lambert = (np.sin(phase) + (np.pi - phase) * np.cos(phase)) / np.pi
        row[16:] = ALBEDOS * lambert * (radius * EARTH_RADIUS_AU / distance) ** 2
    return rows


def write_exovista(path, planets=PLANETS, years=YEARS, spots=False, change=lambda file: None):
    """Writes the file; `change` may spoil it first."""
    random = np.random.default_rng(7)
    images = random.uniform(0, 1e-9, (4, 15, 15))
    disk = fits.ImageHDU(images)
    disk.header["PXSCLMAS"] = 40.0
    star_rows = np.zeros((len(years), 16 + WAVELENGTHS_UM.size))
    star_rows[:, 0], star_rows[:, 16:] = years, star_jy(years)
    star = fits.ImageHDU(star_rows)
    star.header.update(STAR)
    bodies = []
    for elements, radius, mass in planets:
        body = fits.ImageHDU(planet_rows(elements, radius, mass, years))
        body.header.update({"A": elements[0], "E": elements[1], "R": radius, "M": mass})
        bodies.append(body)
    dust, marks = fits.ImageHDU(np.zeros((2, 2))), [fits.ImageHDU(np.zeros((len(years), 0, 4)))] if spots else []
    wide = fits.ImageHDU(np.array([0.4, 0.6, 0.9]))
    file = fits.HDUList([fits.PrimaryHDU(WAVELENGTHS_UM.copy()), wide, disk, dust, *marks, star, *bodies])
    change(file)
    file.writeto(path)
    return images
