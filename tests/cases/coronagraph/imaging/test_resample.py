import jax
import jax.numpy as jnp
import numpy as np
import pytest

from jaxaudit_cases.coronagraph.imaging.resample import keys, resampled, sampling_matrix

matrix_of = jax.jit(sampling_matrix, static_argnums=(0, 1))


def test_the_same_grid_changes_nothing():
    np.testing.assert_allclose(matrix_of(9, 9, jnp.float32(1.0)), np.eye(9), atol=1e-7)


@pytest.mark.parametrize(("pixels", "samples"), [(8, 16), (7, 16), (8, 15), (12, 12)])
def test_a_parabola_is_kept(pixels, samples):
    """Keys' kernel with a = -1/2 is exact for polynomials of second degree, wherever four samples are at hand."""
    line = np.arange(samples) - (samples - 1) / 2
    map_ = (0.3 * line**2 - line + 2)[:, None] * (0.1 * line**2 + 1)[None, :]
    at = (np.arange(pixels) - (pixels - 1) / 2) * 0.7
    expected = (0.3 * at**2 - at + 2)[:, None] * (0.1 * at**2 + 1)[None, :]
    found = jax.jit(resampled)(jnp.asarray(map_, jnp.float32), matrix_of(pixels, samples, jnp.float32(0.7)))
    np.testing.assert_allclose(found, expected, rtol=2e-5)


def test_outside_the_map_there_is_nothing():
    matrix = matrix_of(9, 5, jnp.float32(2.0))
    np.testing.assert_array_equal(matrix[:2], 0)
    np.testing.assert_array_equal(matrix[-2:], 0)


def test_weights_sum_to_one_within_the_map():
    np.testing.assert_allclose(np.sum(matrix_of(6, 32, jnp.float32(1.37)), axis=1), 1, rtol=1e-6)


def test_the_kernel_ends_smoothly():
    at = jnp.asarray([0.0, 1.0, 2.0, 3.0, -1.0], jnp.float32)
    np.testing.assert_allclose(jax.jit(keys)(at), [1, 0, 0, 0, 0], atol=1e-7)
