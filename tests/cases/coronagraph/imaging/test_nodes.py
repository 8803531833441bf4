import jax
import jax.numpy as jnp
import numpy as np
import pytest
from perfect import PIXEL_LOD, cube, psf

from jaxaudit_cases.coronagraph.imaging.nodes import axis_weights, folded, point_sources, positions, unfolded

PIXELS = 32
HALF = PIXELS // 2


def image_of(weights):
    """By the four quadrants, in float64."""
    quadrants = np.asarray(folded(weights), np.float64)
    return unfolded(jnp.asarray(np.einsum("qij,ijyx->qyx", quadrants, cube(PIXELS)), jnp.float32))


weights_at = jax.jit(axis_weights, static_argnums=1)
planets = jax.jit(point_sources, static_argnums=2)
slopes_at = jax.jit(jax.jacfwd(axis_weights), static_argnums=1)


def every_node_on_its_own(weights):
    """The slow way: the image of each node's source, mirrored where it stands at negative x or y."""
    weights, total = np.asarray(weights), np.zeros((PIXELS, PIXELS))
    for row in range(2 * HALF + 1):
        for column in range(2 * HALF + 1):
            y, x = row - HALF, column - HALF
            image = cube(PIXELS)[abs(y), abs(x)]
            image = image[:, ::-1] if x < 0 else image
            image = image[::-1] if y < 0 else image
            total += weights[row, column] * image
    return total


def test_folding_is_the_sum_over_all_nodes():
    weights = jnp.asarray(np.random.default_rng(1).random((2 * HALF + 1, 2 * HALF + 1)), jnp.float32)
    expected = every_node_on_its_own(weights)
    np.testing.assert_allclose(image_of(weights), expected, atol=2e-6 * expected.max())


def test_light_is_kept():
    """An image has as much light as each node's function, times its weight."""
    weights = jnp.ones((2 * HALF + 1, 2 * HALF + 1), jnp.float32)
    sums = cube(PIXELS).sum((2, 3))
    counts = np.where(np.arange(HALF + 1) > 0, 2, 1)
    expected = np.einsum("ij,i,j", sums, counts, counts)
    np.testing.assert_allclose(jnp.sum(image_of(weights)), expected, rtol=1e-5)


@pytest.mark.parametrize(
    ("x", "y", "most"),
    [(0.3, 0.1, 2e-5), (-0.41, 0.77, 5e-6), (1.37, -0.62, 5e-6), (-1.9, -1.66, 5e-6), (2.5, 0.0, 5e-6)],
)
def test_a_planet_between_nodes_has_the_propagated_image(x, y, most):
    """In lambda/D; the root of the mean squared difference, relative to that of the image."""
    offsets = jnp.asarray([[x / PIXEL_LOD, y / PIXEL_LOD]], jnp.float32)
    found = image_of(planets(offsets, jnp.ones(1, jnp.float32), HALF))
    truth = psf(PIXELS, x, y)
    assert np.sqrt(np.mean((found - truth) ** 2) / np.mean(truth**2)) < most


def test_a_planet_near_the_edge_of_the_field_is_worse_but_there():
    truth, found = psf(PIXELS, 3.6, 0.3), image_of(planets(jnp.asarray([[14.4, 1.2]]), jnp.ones(1), HALF))
    assert np.sqrt(np.mean((found - truth) ** 2) / np.mean(truth**2)) < 0.05


def test_beyond_the_field_there_is_nothing():
    np.testing.assert_array_equal(weights_at(jnp.float32(HALF + 1.0), HALF), 0)
    np.testing.assert_array_equal(weights_at(jnp.float32(-HALF - 5.0), HALF), 0)


def test_many_planets_are_the_sum_of_each():
    offsets = jnp.asarray([[1.2, 3.4], [-5.6, 0.7], [4.0, -4.0]], jnp.float32)
    fluxes = jnp.asarray([1.0, 2.5, 0.5], jnp.float32)
    one_by_one = sum(planets(offsets[k : k + 1], fluxes[k : k + 1], HALF) for k in range(3))
    np.testing.assert_allclose(planets(offsets, fluxes, HALF), one_by_one, atol=1e-6)


def test_a_planet_on_a_node_is_that_node():
    weights = np.array(weights_at(jnp.float32(3.0), HALF))
    weights[HALF + 3] -= 1
    np.testing.assert_allclose(weights, 0, atol=1e-6)


@pytest.mark.parametrize("position", [0.0, 0.4, -3.0, 7.9, 8.1, -14.5, 15.99, 16.2, 17.0, 40.0])
def test_gradients_are_finite_everywhere(position):
    gradient = slopes_at(jnp.float32(position), HALF)
    assert np.isfinite(gradient).all()


@pytest.mark.slow
def test_gradients_are_those_of_differences():
    with jax.enable_x64(True):
        at, step = jnp.float64(2.3), 1e-6
        slope = slopes_at(at, HALF)
        difference = (weights_at(at + step, HALF) - weights_at(at - step, HALF)) / (2 * step)
        np.testing.assert_allclose(slope, difference, atol=1e-8)


def test_the_detector_turns_with_the_roll():
    """A quarter turn: what is right of the star on the detector lies above it on the sky."""
    x, y = positions(1, jnp.float32(2.0), jnp.float32(np.pi / 2))
    np.testing.assert_allclose((x[1, 2], y[1, 2]), (0, 2), atol=1e-6)
