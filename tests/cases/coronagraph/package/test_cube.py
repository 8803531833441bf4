"""Cubes that lie in a package, and those between a library's sources against the propagated truth."""

import re
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from numpy.typing import NDArray

from cases.coronagraph.package import packages
from jaxaudit_cases.coronagraph.complaints import BadInput
from jaxaudit_cases.coronagraph.package import grid
from jaxaudit_cases.coronagraph.package.cube import INTERPOLATED_FILE, quarter_cube
from jaxaudit_cases.coronagraph.package.grid import CUBE_FILE
from jaxaudit_cases.coronagraph.package.read import Package, read_package
from jaxaudit_cases.coronagraph.package.vortex import Propagator, VortexDesign


def wrong_by(cube: NDArray[np.float32], truth: NDArray[np.float32], low: float, high: float) -> float:
    """The worst error of an image, rms over rms, of sources from `low` to `high` lambda/D."""
    iy, ix = np.indices(cube.shape[:2])
    ring = (np.hypot(iy, ix) * 0.25 >= low) & (np.hypot(iy, ix) * 0.25 < high)
    error = np.asarray(cube[ring], np.float64) - truth[ring]
    return float(np.sqrt(np.max(np.sum(error**2, (1, 2)) / np.sum(np.square(truth[ring], dtype=np.float64), (1, 2)))))


def test_a_grid_of_sources(tiny: Package, tmp_path: Path) -> None:
    cube = quarter_cube(read_package(packages.copy(tiny, tmp_path / "package")))
    truth = quarter_cube(tiny)
    assert wrong_by(cube, truth, 1.0, 2.0) < 0.15
    assert wrong_by(cube, truth, 2.0, 2.6) < 0.07
    assert wrong_by(cube, truth, 2.6, 6.0) < 0.2  # near the field's edge
    assert np.abs(cube[12, 8] - truth[12, 8]).max() < 1e-7  # a source of the library


def test_scattered_sources(tiny: Package, tmp_path: Path) -> None:
    folder = packages.copy(tiny, tmp_path / "package")
    kept = np.hypot(*tiny.offsets_lod.T) < 4.1
    packages.library(folder, tiny.offsets_lod[kept], tiny.psfs()[kept])
    cube, truth = quarter_cube(read_package(folder)), quarter_cube(tiny)
    assert wrong_by(cube, truth, 1.0, 2.0) < 0.25
    assert wrong_by(cube, truth, 2.0, 3.0) < 0.1


def test_a_library_that_shows_all_quadrants(tiny: Package, tmp_path: Path) -> None:
    offsets = [tiny.offsets_lod * signs for signs in ([1, 1], [-1, 1], [1, -1], [-1, -1])]
    psfs = tiny.psfs()
    mirrored = [psfs, psfs[:, :, ::-1], psfs[:, ::-1], psfs[:, ::-1, ::-1]]
    folder = packages.copy(tiny, tmp_path / "full")
    packages.library(folder, np.concatenate(offsets), np.concatenate(mirrored))
    full = read_package(folder)
    assert full.symmetry == "full"
    quarter = read_package(packages.copy(tiny, tmp_path / "quarter"))
    assert np.array_equal(quarter_cube(full), quarter_cube(quarter))

    mirrored[1] = np.roll(mirrored[1], 2, axis=1)
    packages.library(folder, np.concatenate(offsets), np.concatenate(mirrored))
    with pytest.raises(BadInput, match=r"with images that aren't mirrored .* wanted a coronagraph that is"):
        quarter_cube(read_package(folder))


def test_a_radial_library(tiny: Package, tmp_path: Path) -> None:
    folder = packages.copy(tiny, tmp_path / "package")
    radii = np.arange(0, 4.1, 0.25)
    mask = Propagator(VortexDesign(samples=32), 32, 0.25)
    packages.library(folder, radii, mask.images(mask.columns(radii), 0.0))
    cube, truth = quarter_cube(read_package(folder)), quarter_cube(tiny)
    assert wrong_by(cube, truth, 1.0, 2.0) < 0.03
    assert wrong_by(cube, truth, 2.0, 2.6) < 0.03


def test_an_interpolated_cube_is_made_once(tiny: Package, tmp_path: Path) -> None:
    package = read_package(packages.copy(tiny, tmp_path / "package"))
    told: list[tuple[str, int, int]] = []
    first = np.array(quarter_cube(package, lambda *news: told.append(news), tmp_path / "cache"))
    assert told[-1] == ("images between the library's sources", 17, 17)
    again = quarter_cube(package, lambda *news: told.append(news), tmp_path / "cache")
    assert len(told) == 17
    assert np.array_equal(first, again)
    assert not (package.folder / INTERPOLATED_FILE).exists()

    packages.library(package.folder, package.offsets_lod, package.psfs() / 2)
    halved = quarter_cube(package, cache=tmp_path / "cache")
    assert np.abs(halved - first / 2).max() < 1e-9


def test_a_cube_of_the_public_simulator_is_taken(tiny: Package, tmp_path: Path) -> None:
    folder = packages.copy(tiny, tmp_path / "package")
    (folder / "yippy_cache").mkdir()
    left = np.full((17, 17, 32, 32), 1e-4, np.float32)
    np.save(folder / "yippy_cache" / "psf_datacube_quarter_f32_32px_a1b2_c3d4.npy", left)
    assert np.array_equal(quarter_cube(read_package(folder)), left)


def test_a_cube_is_mapped_not_read(tiny: Package) -> None:
    cube = quarter_cube(tiny)
    assert isinstance(cube, np.memmap)
    assert cube.ctypes.data % 64 == 0  # what JAX wants in order not to copy


def test_a_cube_is_looked_through_once(tiny: Package, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    looked: list[Path] = []
    monkeypatch.setattr(grid, "refuse_bad_numbers", lambda path, cube: looked.append(path))
    quarter_cube(tiny)
    assert not looked  # it was written here
    folder = packages.copy_with_cube(tiny, tmp_path / "package")
    for _ in range(2):
        quarter_cube(read_package(folder))
    assert looked == [folder / CUBE_FILE]


def test_a_cube_with_a_number_that_is_not_finite(tiny: Package, tmp_path: Path) -> None:
    folder = packages.copy_with_cube(tiny, tmp_path / "package")
    quarter_cube(read_package(folder))
    cube = np.load(folder / CUBE_FILE)
    cube[3, 5, 7, 9] = np.nan
    np.save(folder / CUBE_FILE, cube)
    said = "in the image of the source at (5, 3) pixels from the star: wanted finite fractions of light"
    for _ in range(2):
        with pytest.raises(BadInput, match=re.escape(said)):
            quarter_cube(read_package(folder))


def test_a_disk_without_room(tiny: Package, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    package = read_package(packages.copy(tiny, tmp_path / "package"))
    monkeypatch.setattr("shutil.disk_usage", lambda path: SimpleNamespace(free=1e6))
    with pytest.raises(BadInput, match=r"package has 1 MB free: wanted 1 MB for a cube of PSFs"):
        quarter_cube(package)
    assert not (package.folder / INTERPOLATED_FILE).exists()


@pytest.mark.parametrize("change", [lambda cube: cube[1:], lambda cube: cube.astype(np.float64)])
def test_a_cube_of_another_shape_or_kind(tiny: Package, tmp_path: Path, change: object) -> None:
    folder = packages.copy_with_cube(tiny, tmp_path / "package")
    np.save(folder / CUBE_FILE, change(np.load(folder / CUBE_FILE)))  # type: ignore[operator]
    with pytest.raises(BadInput, match=r"psf_cube.npy has shape .* wanted \(17, 17, 32, 32\) of float32"):
        quarter_cube(read_package(folder))


def test_a_file_that_holds_no_array(tiny: Package, tmp_path: Path) -> None:
    folder = packages.copy(tiny, tmp_path / "package")
    (folder / CUBE_FILE).write_bytes(b"none")
    with pytest.raises(BadInput, match=r"psf_cube.npy can't be read as an array"):
        quarter_cube(read_package(folder))
