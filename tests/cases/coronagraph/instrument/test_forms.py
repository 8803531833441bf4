"""The cube and its factors make the same images."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from perfect import PIXEL_LOD, cube

from jaxaudit_cases.coronagraph.complaints import BadInput
from jaxaudit_cases.coronagraph.imaging.nodes import folded, point_sources
from jaxaudit_cases.coronagraph.imaging.resample import sampling_matrix
from jaxaudit_cases.coronagraph.instrument.cube import CubeCoronagraph, on_device
from jaxaudit_cases.coronagraph.instrument.factored import FactoredCoronagraph, MirroredCore, PlainCore
from jaxaudit_cases.coronagraph.instrument.star_maps import StarMaps
from jaxaudit_cases.coronagraph.package.factor import factor

PIXELS = 32
HALF = PIXELS // 2
MAPS = StarMaps.of([0.0], np.full((1, PIXELS, PIXELS), 1e-10))
SKY = np.ones((PIXELS, PIXELS))
SAMPLING = sampling_matrix(24, PIXELS, jnp.float32(1.2))


@jax.jit
def image(coronagraph, weights):
    return coronagraph.image(folded(weights), SAMPLING)


def power(weights, coronagraph):
    return jnp.sum(image(coronagraph, weights) ** 2)


def lopsided():
    """A coronagraph that is another one with x and y exchanged."""
    return cube(PIXELS) * (1 + 0.3 * np.arange(HALF + 1))[None, :, None, None]


@pytest.fixture(scope="module", params=["mirrored", "plain"])
def forms(request):
    values = cube(PIXELS) if request.param == "mirrored" else lopsided()
    whole = CubeCoronagraph(on_device(values), MAPS, SKY, PIXEL_LOD)
    factored = FactoredCoronagraph.of(factor(values.astype(np.float32), 1e-5), MAPS, SKY, PIXEL_LOD)
    assert isinstance(factored.core, MirroredCore if request.param == "mirrored" else PlainCore)
    return values, whole, factored


def disk():
    y, x = np.mgrid[-HALF : HALF + 1, -HALF : HALF + 1]
    return jnp.asarray(np.exp(-(((x - 2) / 6.0) ** 2) - ((y + 3) / 4.0) ** 2), jnp.float32)


def planet(x_lod, y_lod):
    return point_sources(jnp.asarray([[x_lod, y_lod]], jnp.float32) / PIXEL_LOD, jnp.ones(1, jnp.float32), HALF)


def test_the_cube_is_the_sum_over_sources_in_float64(forms):
    values, whole, _ = forms
    weights = np.asarray(folded(disk()), np.float64)
    by_quadrant = np.einsum("qij,ijyx->qyx", weights, values)
    flips = [by_quadrant[0], by_quadrant[1][:, ::-1], by_quadrant[2][::-1, ::-1], by_quadrant[3][::-1]]
    expected = SAMPLING @ jnp.asarray(sum(flips), jnp.float32) @ SAMPLING.T
    np.testing.assert_allclose(image(whole, disk()), expected, atol=2e-6 * expected.max())


@pytest.mark.parametrize("weights", [disk(), planet(0.3, 0.2), planet(-1.1, 0.4), planet(2.2, -2.4)])
def test_the_factors_agree_with_the_cube(forms, weights):
    """Within 5e-5 of the image's peak, for bright and dark sources alike."""
    _, whole, factored = forms
    expected = image(whole, weights)
    np.testing.assert_allclose(image(factored, weights), expected, atol=5e-5 * expected.max())


def test_fewer_numbers_where_less_is_asked():
    coarse, fine = (factor(cube(PIXELS).astype(np.float32), tolerance) for tolerance in (1e-2, 1e-5))
    assert coarse.core.size < fine.core.size < cube(PIXELS).size


@pytest.mark.slow
def test_both_directions_of_differentiation_agree(forms):
    _, _, factored = forms
    gradient = jax.jit(jax.grad(power))(disk(), factored)
    _, slope = jax.jit(lambda weights: jax.jvp(lambda at: power(at, factored), (weights,), (weights,)))(disk())
    np.testing.assert_allclose(np.sum(gradient * disk()), slope, rtol=1e-4)


def test_a_memory_mapped_cube_is_not_copied(tmp_path):
    np.save(tmp_path / "cube.npy", cube(PIXELS).astype(np.float32))
    mapped = np.load(tmp_path / "cube.npy", mmap_mode="r")
    assert on_device(mapped).unsafe_buffer_pointer() == mapped.ctypes.data


def test_a_cube_of_another_shape_is_refused():
    with pytest.raises(BadInput, match=r"psf_cube has the shape \(17, 17, 32, 32\): with maps of 64 pixels it must be"):
        CubeCoronagraph(on_device(cube(PIXELS)), MAPS, np.ones((64, 64)), PIXEL_LOD)
