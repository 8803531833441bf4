"""What a package's header says: numbers by keyword, in the unit that their comment names."""

import re

import numpy as np
from astropy.io import fits

from jaxaudit_cases.coronagraph.complaints import BadInput

METRES = {
    "m": 1.0,
    "meter": 1.0,
    "meters": 1.0,
    "metre": 1.0,
    "metres": 1.0,
    "cm": 1e-2,
    "mm": 1e-3,
    "um": 1e-6,
    "micron": 1e-6,
    "microns": 1e-6,
    "micrometer": 1e-6,
    "nm": 1e-9,
    "nanometer": 1e-9,
    "nanometers": 1e-9,
    "angstrom": 1e-10,
    "angstroms": 1e-10,
}
ANGLES = {"mas", "arcsec", "arcsecond", "arcseconds", "arcmin", "deg", "rad"}


def number(file: str, header: fits.Header, key: str, wanted: str) -> float:
    """A keyword's finite number; `wanted` says what it is, for the complaint."""
    if key not in header:
        raise BadInput(f"{file} has no {key} in its header: wanted {wanted}")
    try:
        value = float(header[key])
    except (TypeError, ValueError):
        raise BadInput(f"{key} in {file} is {header[key]!r}: wanted {wanted}") from None
    if not np.isfinite(value):
        raise BadInput(f"{key} in {file} is {value}: wanted {wanted}")
    return value


def length_m(file: str, header: fits.Header, key: str, default: str, low: float, high: float) -> float | None:
    """A keyword's length in metres, None where the header lacks it.

    The unit is the one that the comment names, else `default`; what is not from `low` to `high` metres is refused.
    """
    if key not in header:
        return None
    value = number(file, header, key, f"a length in {default}")
    unit = unit_in(file, key, header.comments[key])
    metres = value * METRES[unit or default]
    if not low <= metres <= high:
        whence = f"by its comment {header.comments[key]!r}" if unit else "for its comment names no unit"
        raise BadInput(
            f"{key} in {file} is {value:g} {unit or default} ({whence}): wanted {low:g} to {high:g} m, and the unit in"
            " brackets in the comment"
        )
    return metres


def unit_in(file: str, key: str, comment: str) -> str | None:
    """The unit of length that a comment names, None where it names none."""
    bracketed = re.search(r"\[([^\]]*)\]", comment)
    if bracketed:
        unit = plain(bracketed[1])
        if unit not in METRES:
            raise BadInput(f"{key} in {file} is in {bracketed[1]!r} by its comment: wanted a unit of length")
        return unit
    named = [word for word in words(comment) if word in METRES]
    return named[0] if named else None


def refuse_angles(file: str, header: fits.Header, key: str) -> None:
    """What is wanted in lambda/D may not be in an angle's unit."""
    for word in words(header.comments[key]):
        if word in ANGLES:
            raise BadInput(f"{key} in {file} is in {word} by its comment {header.comments[key]!r}: wanted lambda/D")


def words(comment: str) -> list[str]:
    """A comment's words, as the tables have them."""
    return [plain(word) for word in re.findall(r"[^\W\d_]+", comment)]


def plain(unit: str) -> str:
    """A unit's name in small letters of ASCII: both signs for micro are u."""
    return unit.strip().lower().replace("\N{MICRO SIGN}", "u").replace("\N{GREEK SMALL LETTER MU}", "u")
