import inspect

import jax.numpy as jnp
from instrument import Instrument, make_frame


def test_a_frame_takes_an_exposure_only():
    frame = make_frame(Instrument(jnp.ones((4, 4)), 2.0))
    assert list(inspect.signature(frame).parameters) == ["exposure"]
    assert float(frame(1.0)) == 32.0


def test_the_jitted_function_shows_what_it_wraps():
    assert hasattr(make_frame(Instrument(jnp.ones((4, 4)), 2.0)), "lower")
