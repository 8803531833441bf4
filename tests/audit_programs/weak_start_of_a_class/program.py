"""A leaky accumulator of events, restarted for each of six detectors of different size."""
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np


class State(NamedTuple):
    level: jax.Array
    elapsed: float
    n_events: int

    @classmethod
    def start(cls, n):
        return cls(level=jnp.zeros(n), elapsed=0.0, n_events=0)


@jax.jit
def advance(state, hits, dt):
    level = state.level * jnp.exp(-dt / 2.0) + hits
    fired = jnp.sum(level > 1.5)
    return State(jnp.where(level > 1.5, 0.0, level), state.elapsed + dt, state.n_events + fired)


def simulate(n, n_steps, rng):
    state = State.start(n)
    dt = np.float32(0.1)
    for _ in range(n_steps):
        hits = jnp.asarray(rng.random(n) < 0.1, jnp.float32)
        state = advance(state, hits, dt)
    return state


def main():
    rng = np.random.default_rng(11)
    for n in (100, 150, 200, 250, 300, 350):
        state = simulate(n, 20, rng)
        print(f"{n}: {int(state.n_events)} events in {float(state.elapsed):.2f} s, mean {float(state.level.mean()):.4f}")


if __name__ == "__main__":
    main()
