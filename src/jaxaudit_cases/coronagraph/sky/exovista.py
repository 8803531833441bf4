"""Scenes that ExoVista made, by path.

Such a FITS file holds, in this order: the wavelengths (um); the disk's wavelengths (um) and images (contrast per pixel,
the last one an estimate of their error); where the star has spots, these; the star; and each planet. Star and planets are
tables with a row for each time: the time (years), the place and motion (columns 9 to 14, in au and au per year, as seen on
the sky), and from column 16 the spectrum, of the star in janskys, of a planet as contrast.
"""

from __future__ import annotations

from collections.abc import Sequence
from os import PathLike
from typing import Any

import numpy as np

from jaxaudit_cases.coronagraph.checks import number
from jaxaudit_cases.coronagraph.complaints import BadInput
from jaxaudit_cases.coronagraph.sky.disk import ImageDisk
from jaxaudit_cases.coronagraph.sky.elements import Vector, orbit_of
from jaxaudit_cases.coronagraph.sky.gridded import GriddedPlanets
from jaxaudit_cases.coronagraph.sky.scene import J2000_JD, Scene
from jaxaudit_cases.coronagraph.sky.star import Star
from jaxaudit_cases.coronagraph.sky.units import EARTH_MASS_MSUN
from jaxaudit_cases.coronagraph.sky.zodi import Zodi

YEAR_D = 365.25
PLACE, MOTION, SPECTRUM = slice(9, 12), slice(12, 15), slice(16, None)
_DISK_WAVELENGTHS, _DISK = 1, 2
_STAR_KEYS = {"ANGDIAM": "angular diameter in mas", "DIST": "distance in pc", "MASS": "mass in solar masses"}
_PLANET_KEYS = ("A", "E", "M", "R")
_SAME_PHASE = 1e-6


def load_exovista(
    path: str | PathLike[str],
    only_earths: bool = False,
    planets: Sequence[int] | None = None,
    disk: bool = True,
    zodi_magnitude: float | None = 22.0,
    epoch_jd: float = J2000_JD,
) -> Scene:
    """The scene of an ExoVista file, with zodiacal light of this magnitude (or none) in front.

    `planets` numbers those wanted, 0 being the file's first; `only_earths` keeps those in the habitable zone that are as
    large as the Earth. `epoch_jd` is the Julian date of the file's year 0, which ExoVista leaves open. The star's flux is
    known at the file's times only: what lies outside is refused by name. The planets run on the orbits on which the file's
    first row finds them; their contrast is read by phase, and follows the distance.
    """
    from astropy.io import fits

    try:
        opened = fits.open(path, memmap=False)
    except OSError as error:
        raise BadInput(f"{path} can't be read as a FITS file: {error}") from error
    with opened as file:
        try:
            return _scene(file, only_earths, planets, disk, zodi_magnitude, epoch_jd)
        except BadInput as error:
            raise BadInput(f"{path}: {error}") from None


def _scene(
    file: Any,
    only_earths: bool,
    planets: Sequence[int] | None,
    disk: bool,
    zodi_magnitude: float | None,
    epoch_jd: float,
) -> Scene:
    place = _star_place(file)
    star_header = file[place].header
    for key, what in _STAR_KEYS.items():
        if key not in star_header:
            raise BadInput(f"the star's header (extension {place}) has no {key}, its {what}")
    wavelengths_nm = _wavelengths(file, 0)
    star_rows = _rows(file, place, wavelengths_nm.size)
    bodies = [at for at in range(place + 1, len(file)) if all(key in file[at].header for key in _PLANET_KEYS)]
    wanted = _wanted(file, bodies, star_header, only_earths, planets)
    return Scene(
        _star(star_rows, star_header, wavelengths_nm),
        _planets(file, wanted, star_header, wavelengths_nm) if wanted else None,
        _disk(file) if disk else None,
        None if zodi_magnitude is None else Zodi(number(zodi_magnitude)),
        epoch_jd,
    )


def _star_place(file: Any) -> int:
    """The star's extension: the fifth, or the sixth where spots stand before it."""
    stars = [at for at in range(1, len(file)) if sum(key in file[at].header for key in _STAR_KEYS) > 1]
    if len(stars) != 1 or stars[0] not in (4, 5):
        raise BadInput(f"extensions {stars} look like a star: it must be one, extension 4 or 5")
    return stars[0]


def _wavelengths(file: Any, place: int) -> Vector:
    values = np.asarray(file[place].data, np.float64)
    if values.ndim != 1 or values.size < 2 or not (np.diff(values) > 0).all() or not np.isfinite(values).all():
        raise BadInput(f"the wavelengths (extension {place}) must be two or more, increasing, in um")
    return values * 1000


def _rows(file: Any, place: int, wavelengths: int) -> Vector:
    rows = np.asarray(file[place].data, np.float64)
    if rows.ndim != 2 or rows.shape[1] != SPECTRUM.start + wavelengths:
        raise BadInput(
            f"extension {place} has the shape {rows.shape}: it must be [times, {SPECTRUM.start} + {wavelengths} wavelengths]"
        )
    if not np.isfinite(rows).all():
        row, column = np.argwhere(~np.isfinite(rows))[0]
        raise BadInput(f"extension {place} is {rows[row, column]:g} in row {row}, column {column}")
    return rows


def _star(rows: Vector, header: Any, wavelengths_nm: Vector) -> Star:
    unit = str(header.get("SPECUNIT", "Jy")).strip()
    if unit.lower() != "jy":
        raise BadInput(f"SPECUNIT is {unit}: the star's spectrum must be in Jy")
    steady = len(rows) == 1
    return Star(
        number(wavelengths_nm),
        number(rows[0, SPECTRUM] if steady else rows[:, SPECTRUM].T),
        header["ANGDIAM"] / 1000,
        header["DIST"],
        header["MASS"],
        None if steady else number(rows[:, 0] * YEAR_D),
    )


def _wanted(file: Any, bodies: list[int], star: Any, only_earths: bool, planets: Sequence[int] | None) -> list[int]:
    if planets is None:
        return [at for at in bodies if not only_earths or _is_earth(file[at].header, star.get("LSTAR", 1.0))]
    if only_earths:
        raise BadInput(f"planets={list(planets)} and only_earths=True both choose planets: give one of them")
    for index in planets:
        if not 0 <= index < len(bodies):
            held = f"planets 0 to {len(bodies) - 1}" if bodies else "no planets"
            raise BadInput(f"planets={list(planets)}: there is no planet {index}, the file holds {held}")
    return [bodies[index] for index in planets]


def _is_earth(planet: Any, luminosity_lsun: float) -> bool:
    """As large as the Earth, where it is as warm as here: the limits that ExoVista's users go by."""
    axis = planet["A"] / np.sqrt(luminosity_lsun)
    return bool(0.95 <= axis < 1.67 and 0.8 / np.sqrt(axis) <= planet["R"] < 1.4)


def _planets(file: Any, wanted: list[int], star: Any, wavelengths_nm: Vector) -> GriddedPlanets:
    tables = [_rows(file, at, wavelengths_nm.size) for at in wanted]
    masses = np.array([file[at].header["M"] for at in wanted], np.float64)
    starts = np.array([rows[0] for rows in tables])
    if np.ptp(starts[:, 0]):
        raise BadInput(f"the planets' tables start at different times: {starts[:, 0]} years")
    together = star["MASS"] + EARTH_MASS_MSUN * masses
    orbit = orbit_of(starts[:, PLACE], starts[:, MOTION] / YEAR_D, together, starts[0, 0] * YEAR_D)
    axes = np.asarray(orbit.semi_major_axis_au, np.float64)
    curves = [_phase_curve(rows, axis) for rows, axis in zip(tables, axes)]
    nodes = max(len(phases) for phases, _ in curves)
    phases, contrasts = map(np.array, zip(*(_lengthened(*curve, nodes) for curve in curves)))
    return GriddedPlanets(orbit, number(wavelengths_nm), number(phases), number(contrasts), number(masses))


def _phase_curve(rows: Vector, axis_au: float) -> tuple[Vector, Vector]:
    """Phases [p] in increasing order, and the contrasts [w, p] at a distance of one semi-major axis."""
    distance = np.linalg.norm(rows[:, PLACE], axis=1)
    phases = np.pi - np.arctan2(np.hypot(rows[:, 9], rows[:, 10]), rows[:, 11])
    contrasts = rows[:, SPECTRUM] * (distance / axis_au)[:, None] ** 2
    order = np.argsort(phases, kind="stable")
    # Rows of the same phase count as one, with their mean.
    group = np.concatenate([[0], np.cumsum(np.diff(phases[order]) > _SAME_PHASE)])
    count = np.bincount(group)
    mean = np.array([np.bincount(group, column) / count for column in contrasts[order].T])
    return np.bincount(group, phases[order]) / count, mean


def _lengthened(phases: Vector, contrasts: Vector, nodes: int) -> tuple[Vector, Vector]:
    """With as many nodes as the longest, and two at least: the last one is repeated beyond all phases that there are."""
    missing = max(nodes, 2) - len(phases)
    beyond = 2 * np.pi + np.arange(missing)
    return np.concatenate([phases, beyond]), np.pad(contrasts, ((0, 0), (0, missing)), mode="edge")


def _disk(file: Any) -> ImageDisk:
    header = file[_DISK].header
    if "PXSCLMAS" not in header:
        raise BadInput(f"the disk's header (extension {_DISK}) has no PXSCLMAS, its pixel in mas")
    images = np.asarray(file[_DISK].data, np.float32)
    wavelengths_nm = _wavelengths(file, _DISK_WAVELENGTHS)
    if images.ndim != 3 or images.shape[0] != wavelengths_nm.size + 1:
        raise BadInput(
            f"the disk (extension {_DISK}) has the shape {images.shape}: "
            f"it must be [{wavelengths_nm.size} wavelengths + 1, y, x]"
        )
    return ImageDisk(number(wavelengths_nm), number(images[:-1]), header["PXSCLMAS"] / 1000)
