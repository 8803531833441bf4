import jax
import jax.numpy as jnp


class Instrument:
    def __init__(self, response, gain):
        self.response = response
        self.gain = gain


def make_frame(instrument):
    @jax.jit
    def frame(exposure):
        return jnp.sum(instrument.response * exposure) * instrument.gain

    return frame
