"""Run in processes of its own: images from a spread cube, and a spread series, against the same on one device."""

import sys

import jax

count, index, port = int(sys.argv[1]), int(sys.argv[2]), sys.argv[3]
if count > 1:
    jax.distributed.initialize(f"127.0.0.1:{port}", count, index)

# After the line above: JAX learns there which devices it has.
import equinox as eqx
import numpy as np
from perfect import cube

sys.path.insert(0, sys.argv[4])
from test_rates import PIXELS, optical_path, scene

from jaxaudit_cases.coronagraph.imaging.rates import View, scene_rate
from jaxaudit_cases.coronagraph.instrument.spread import all_devices, everywhere, spread_cube, spread_series

mesh = all_devices()
path, sky = optical_path(), scene()
views = View(np.full(16, 550.0), np.full(16, 50.0), np.linspace(0, 3, 16), np.linspace(0, 90, 16))
view = View(550.0, 50.0)
rate = jax.jit(scene_rate)
alone = rate(sky, path, view)

spread = spread_cube(np.asarray(cube(PIXELS), np.float32), mesh)
assert not spread.sharding.is_fully_replicated
assert max(shard.data.nbytes for shard in spread.addressable_shards) * mesh.devices.size == spread.nbytes
wide = eqx.tree_at(lambda path: path.coronagraph.psf_cube, path, spread)
together = jax.jit(scene_rate, out_shardings=jax.sharding.NamedSharding(mesh, jax.sharding.PartitionSpec()))(
    everywhere(sky, mesh), everywhere(wide, mesh), everywhere(view, mesh)
)
np.testing.assert_allclose(np.asarray(together), np.asarray(alone), rtol=2e-5)

frames = jax.jit(jax.vmap(scene_rate, (None, None, 0)))(
    everywhere(sky, mesh), everywhere(path, mesh), spread_series(jax.tree.map(np.asarray, views), mesh)
)
assert len(frames.sharding.device_set) == mesh.devices.size
for shard in frames.addressable_shards:
    first = shard.index[0].start
    expected = rate(sky, path, jax.tree.map(lambda values, at=first: values[at], views))
    np.testing.assert_allclose(np.asarray(shard.data[0]), np.asarray(expected), rtol=2e-5)
print("the same on", mesh.devices.size, "devices of", jax.process_count(), "processes")
