"""A forward pass of a hidden Markov model, one row of observations after the other."""

import jax
import jax.numpy as jnp


@jax.jit
def evidence(log_start, log_move, log_seen):
    alpha = log_start
    for row in log_seen:
        alpha = jax.nn.logsumexp(alpha[:, None] + log_move, axis=0) + row
    return jax.nn.logsumexp(alpha)


states = 6
log_move = jnp.log(jnp.full((states, states), 1.0 / states))
log_seen = jnp.sin(jnp.arange(50.0 * states)).reshape(50, states)
print(f"{float(evidence(jnp.zeros(states), log_move, log_seen)):.4f}")
