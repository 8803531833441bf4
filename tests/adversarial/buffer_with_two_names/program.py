"""`state` could be donated by the look of the loop, were it not kept under a second name."""

import jax
import jax.numpy as jnp


@jax.jit
def advance(state, push):
    return state + 0.01 * jnp.sin(state) + push


def main():
    state = jnp.zeros((1200, 1200))
    first = state
    kept = []
    for i in range(30):
        if i % 10 == 0:
            kept.append(state)
        state = advance(state, 0.1)
    print(f"{float(state.mean()):.5f} {float(first.sum()):.1f} {[round(float(k[0, 0]), 4) for k in kept]}")


main()
