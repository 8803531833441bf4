"""An integrate-and-fire neuron driven by noise, for several gains."""
import jax
import jax.numpy as jnp


class Neuron:
    def __init__(self, gain, leak=0.05):
        self.gain = gain
        self.leak = leak

    def simulate(self, drive):
        def step(v, current):
            v = (1.0 - self.leak) * v + self.gain * current
            spike = v > 1.0
            return jnp.where(spike, 0.0, v), spike

        v, spikes = jax.lax.scan(step, jnp.zeros(drive.shape[1]), drive)
        return spikes.mean(), v


def main():
    drive = jax.random.uniform(jax.random.key(8), (300, 64))
    for k in range(12):
        neuron = Neuron(0.05 + 0.02 * k)
        rate, v = neuron.simulate(drive)
        print(f"gain {neuron.gain:.2f}: rate {float(rate):.4f}, left {float(v.mean()):.3f}")


if __name__ == "__main__":
    main()
