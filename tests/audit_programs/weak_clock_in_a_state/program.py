"""The state of a simulation is a dictionary; its clock starts as a Python number."""

import jax
import jax.numpy as jnp


@jax.jit
def advance(state, dt):
    position = state["position"] + dt * state["speed"]
    speed = state["speed"] - dt * jnp.sin(position)
    return {"clock": state["clock"] + jnp.max(jnp.abs(dt)), "position": position, "speed": speed}


def simulate(steps):
    state = {"clock": 0.0, "position": jnp.ones(50), "speed": jnp.zeros(50)}
    dt = jnp.full(50, 0.01)
    for _ in range(steps):
        state = advance(state, dt)
    return state


end = simulate(10)
print(f"{float(end['clock']):.4f} {float(end['position'].sum()):.4f}")
