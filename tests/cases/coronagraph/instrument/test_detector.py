import re

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from jaxaudit_cases.coronagraph.complaints import BadInput
from jaxaudit_cases.coronagraph.instrument.detector import Detector

PIXELS = 400
CAMERA = Detector(
    PIXELS, 0.01, quantum_efficiency=0.6, dark_rate=2e-4, clock_charge=1e-3, read_noise=0.3, frame_s=1000.0
)


@jax.jit
def read(camera, rate, exposure_s, key):
    return camera.readout_source_electrons(rate, exposure_s, key)


def test_mean_and_variance_are_those_of_the_parts():
    """0.01 photons/s for 3600 s: 21.6 electrons of light, 0.72 dark, 4 frames of 0.001, 4 readings of 0.3."""
    rate = jnp.full((PIXELS, PIXELS), 0.01, jnp.float32)
    electrons = np.asarray(read(CAMERA, rate, jnp.float32(3600.0), jax.random.key(1)), np.float64)
    mean, variance = 21.6 + 0.72 + 0.004, 21.6 + 0.72 + 0.004 + 4 * 0.09
    np.testing.assert_allclose(CAMERA.expected_electrons(rate, 3600.0), mean, rtol=1e-6)
    np.testing.assert_allclose(CAMERA.noise_variance(rate, 3600.0), variance, rtol=1e-6)
    assert abs(electrons.mean() - mean) < 4.5 * (variance / electrons.size) ** 0.5
    assert abs(electrons.var() / variance - 1) < 4.5 * (2.1 / electrons.size) ** 0.5


def test_another_key_is_another_readout_and_the_same_key_the_same():
    rate = jnp.full((PIXELS, PIXELS), 0.01, jnp.float32)
    first, again, other = (read(CAMERA, rate, jnp.float32(100.0), jax.random.key(k)) for k in (1, 1, 2))
    np.testing.assert_array_equal(first, again)
    assert not np.array_equal(first, other)


def test_an_exposure_of_nothing_is_nothing():
    np.testing.assert_array_equal(read(CAMERA, jnp.ones((2, 2), jnp.float32), jnp.float32(0), jax.random.key(0)), 0)


def test_the_last_frame_may_be_shorter():
    np.testing.assert_array_equal(CAMERA.frames(jnp.asarray([1.0, 999.0, 1000.0, 1001.0], jnp.float32)), [1, 1, 1, 2])


@pytest.mark.parametrize(
    ("rate", "exposure", "sentence"),
    [
        (-1.0, 60.0, "rate is -1 at [0, 0]: it must be a number of photons per second, not below 0"),
        (float("nan"), 60.0, "rate is nan at [0, 0]: it must be a number of photons per second, not below 0"),
        (1.0, -5.0, "exposure_s is -5: it must be a number of seconds, not below 0"),
        (1.0, float("nan"), "exposure_s is nan: it must be a number of seconds, not below 0"),
    ],
)
def test_what_cannot_be_is_named(rate, exposure, sentence):
    with pytest.raises(BadInput, match=re.escape(sentence)):
        CAMERA.readout_source_electrons(jnp.full((2, 2), rate), exposure, jax.random.key(0))


@pytest.mark.parametrize(("rate", "exposure"), [(-1.0, 60.0), (float("nan"), 60.0), (1.0, -5.0)])
def test_traced_it_gives_nan_and_never_an_electron_less_than_none(rate, exposure):
    electrons = read(CAMERA, jnp.full((2, 2), rate, jnp.float32), jnp.float32(exposure), jax.random.key(0))
    assert np.isnan(electrons).all()


@pytest.mark.parametrize(
    ("wrong", "sentence"),
    [
        ({"quantum_efficiency": 1.2}, "quantum_efficiency is 1.2: it must be between 0 and 1"),
        ({"read_noise": -1}, "read_noise is -1: it must be a number of electrons, not below 0"),
        ({"frame_s": 0}, "frame_s is 0: it must be a positive number of seconds"),
        ({"dark_rate": "cold"}, "'cold' is no number"),
    ],
)
def test_a_detector_that_cannot_be_is_refused(wrong, sentence):
    with pytest.raises(BadInput, match=re.escape(sentence)):
        Detector(8, 0.01, **wrong)


@pytest.mark.slow
def test_exposures_and_keys_can_be_mapped_over():
    rate, keys = jnp.full((2, 2), 0.5, jnp.float32), jax.random.split(jax.random.key(0), 3)
    exposures = jnp.asarray([10.0, 20.0, 30.0], jnp.float32)
    many = jax.jit(jax.vmap(lambda exposure, key: read(CAMERA, rate, exposure, key)))(exposures, keys)
    one_by_one = [read(CAMERA, rate, exposure, key) for exposure, key in zip(exposures, keys)]
    np.testing.assert_allclose(many, one_by_one, rtol=1e-6)
