"""The ground on which programs are run in copies of a folder."""

import os
import sys
from pathlib import Path

from jaxaudit.steps.launch import environment
from jaxaudit.verify.running import Ground


def ground_in(folder: Path) -> Ground:
    """Effect: makes `home`, which is copied, and `place`, where the copies stand."""
    home, place = folder / "home", folder / "place"
    home.mkdir()
    place.mkdir()
    return Ground(home.resolve(), sys.executable, dict(os.environ), place.resolve(), environment)
