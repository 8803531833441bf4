"""The program would gain by another signature; a test of the project calls the function as it is."""

import jax.numpy as jnp
from instrument import Instrument, make_frame


def main():
    instrument = Instrument(jnp.ones((900, 900)) * 0.5, 3.0)
    frame = make_frame(instrument)
    total = 0.0
    for i in range(5):
        total += float(frame(jnp.float32(i)))
    print(f"{total:.3f}")


if __name__ == "__main__":
    main()
