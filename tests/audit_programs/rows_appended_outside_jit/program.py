"""Likelihood of a cloud of trial orbits, one trial after the other."""
import jax
import jax.numpy as jnp
import numpy as np


def velocity(params, t):
    amplitude, period, phase, offset = params
    angle = 2.0 * jnp.pi * t / period + phase
    return offset + amplitude * (jnp.cos(angle) + 0.1 * jnp.cos(2.0 * angle))


def log_likelihood(params, t, data, sigma):
    residual = (data - velocity(params, t)) / sigma
    return -0.5 * jnp.sum(residual**2) - t.size * jnp.log(sigma)


def main():
    rng = np.random.default_rng(9)
    t = jnp.asarray(np.sort(rng.uniform(0, 100, 60)), jnp.float32)
    truth = jnp.array([12.0, 17.3, 0.4, 2.0])
    data = velocity(truth, t) + jnp.asarray(rng.normal(size=60), jnp.float32)
    trials = truth * (1.0 + 0.05 * jnp.asarray(rng.normal(size=(400, 4)), jnp.float32))
    scores = []
    for trial in trials:
        scores.append(log_likelihood(trial, t, data, 1.0))
    scores = jnp.stack(scores)
    best = int(jnp.argmax(scores))
    print(f"best trial {best}: {float(scores[best]):.3f}, mean {float(scores.mean()):.2f}")


if __name__ == "__main__":
    main()
