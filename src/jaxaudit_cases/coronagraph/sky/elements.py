"""From where a planet is and where it goes to its orbit (NumPy, in float64: it is done once, when a scene is loaded)."""

from __future__ import annotations

from typing import Any

import numpy as np

from jaxaudit_cases.coronagraph.checks import number
from jaxaudit_cases.coronagraph.complaints import BadInput
from jaxaudit_cases.coronagraph.sky.orbit import Orbit
from jaxaudit_cases.coronagraph.sky.units import SUN_GM

Vector = np.ndarray[Any, np.dtype[np.float64]]
_CIRCLE = 1e-12


def orbit_of(positions_au: Vector, velocities_au_d: Vector, masses_msun: Vector, time_d: float) -> Orbit:
    """The orbits on which planets [k, 3] move at this time; masses [k] are those of the star and each planet together."""
    each = zip(positions_au, velocities_au_d, masses_msun)
    elements = np.array([_elements(position, velocity, SUN_GM * mass) for position, velocity, mass in each])
    axis, eccentricity, inclination, node, periapsis, mean = map(number, elements.T)
    return Orbit(axis, eccentricity, inclination, node, periapsis, mean, number(np.full(len(elements), time_d)))


def _elements(position: Vector, velocity: Vector, pull: float) -> tuple[Any, ...]:
    distance = np.linalg.norm(position)
    energy = velocity @ velocity / 2 - pull / distance
    if not energy < 0:
        raise BadInput(f"a planet at {position} au with {velocity} au/day is on no closed orbit")
    axis = -pull / 2 / energy
    spin = np.cross(position, velocity)
    upright = spin / np.linalg.norm(spin)
    inclination = np.arctan2(np.hypot(*upright[:2]), upright[2])
    # Face-on, there is no node: any direction serves.
    node = np.arctan2(upright[0], -upright[1]) if np.hypot(*upright[:2]) > _CIRCLE else 0.0
    ahead = np.array([np.cos(node), np.sin(node), 0.0])
    up = np.cross(upright, ahead)
    shift = np.cross(velocity, spin) / pull - position / distance
    eccentricity = float(np.linalg.norm(shift))
    periapsis = np.arctan2(shift @ up, shift @ ahead) if eccentricity > _CIRCLE else 0.0
    true = np.arctan2(position @ up, position @ ahead) - periapsis
    half = np.sqrt(1 - eccentricity) * np.sin(true / 2), np.sqrt(1 + eccentricity) * np.cos(true / 2)
    anomaly = 2 * np.arctan2(*half)
    mean = anomaly - eccentricity * np.sin(anomaly)
    return axis, eccentricity, inclination, node, periapsis, (mean + np.pi) % (2 * np.pi) - np.pi
