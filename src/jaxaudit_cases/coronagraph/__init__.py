"""Direct images of planetary systems through a coronagraph: fast, differentiable, in JAX and Equinox.

    path = OpticalPath(Primary(6.0), load_factored(folder), Filter(550.0, 50.0), Detector(64, 0.005), throughput=0.7)
    scene = Scene(star, planets, disk, Zodi())
    view = View.through(path, time_d=0.0, roll_deg=20.0)
    rate = jax.jit(scene_rate)(scene, path, view)                         # photons/s/pixel
    electrons = path.detector.readout_source_electrons(rate, 3600.0, key)

Hand scene, path and view to jitted functions as arguments: a cube that is closed over is compiled into the program.
"""

from jaxaudit_cases.coronagraph.complaints import BadInput
from jaxaudit_cases.coronagraph.imaging.rates import (
    Rates,
    View,
    check_view,
    disk_rate,
    planet_rate,
    scene_rate,
    scene_rates,
    speckle_rate,
    star_rate,
    zodi_rate,
)
from jaxaudit_cases.coronagraph.instrument.cube import CubeCoronagraph
from jaxaudit_cases.coronagraph.instrument.detector import Detector
from jaxaudit_cases.coronagraph.instrument.factored import FactoredCoronagraph
from jaxaudit_cases.coronagraph.instrument.filter import Filter
from jaxaudit_cases.coronagraph.instrument.load import load_cube, load_factored
from jaxaudit_cases.coronagraph.instrument.mirror import Primary
from jaxaudit_cases.coronagraph.instrument.optical_path import OpticalPath
from jaxaudit_cases.coronagraph.instrument.speckles import Speckles
from jaxaudit_cases.coronagraph.package.make import Recipe, make_package
from jaxaudit_cases.coronagraph.package.performance import Core, performance
from jaxaudit_cases.coronagraph.package.read import Package, read_package
from jaxaudit_cases.coronagraph.sky.disk import Disks, ImageDisk, RingDisk
from jaxaudit_cases.coronagraph.sky.exovista import load_exovista
from jaxaudit_cases.coronagraph.sky.gridded import GriddedPlanets
from jaxaudit_cases.coronagraph.sky.orbit import Orbit
from jaxaudit_cases.coronagraph.sky.planet import FixedPlanets, Planets
from jaxaudit_cases.coronagraph.sky.scene import Scene
from jaxaudit_cases.coronagraph.sky.star import Star
from jaxaudit_cases.coronagraph.sky.zodi import Zodi

__all__ = [
    "BadInput",
    "Core",
    "CubeCoronagraph",
    "Detector",
    "Disks",
    "FactoredCoronagraph",
    "Filter",
    "FixedPlanets",
    "GriddedPlanets",
    "ImageDisk",
    "OpticalPath",
    "Orbit",
    "Package",
    "Planets",
    "Primary",
    "Rates",
    "Recipe",
    "RingDisk",
    "Scene",
    "Speckles",
    "Star",
    "View",
    "Zodi",
    "check_view",
    "disk_rate",
    "load_cube",
    "load_exovista",
    "load_factored",
    "make_package",
    "performance",
    "planet_rate",
    "read_package",
    "scene_rate",
    "scene_rates",
    "speckle_rate",
    "star_rate",
    "zodi_rate",
]
