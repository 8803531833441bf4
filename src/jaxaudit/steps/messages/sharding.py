"""Meshes, shardings and axes with names."""

from jaxaudit.steps.messages.message import Message

MESSAGES = (
    Message(
        says=(
            "does not evenly divide the dimension size",
            "which implies that the global size of its dimension ... should be divisible by",
            "was given argument arrays with axis sizes that are not evenly divisible by the corresponding mesh axis sizes",
        ),
        cause="A sharding cuts an axis into more parts than it can be cut into evenly.",
        next="Choose a size that the mesh axis divides (pad the batch), or leave that axis whole: None in its place.",
        provoked_by="""\
import jax
jax.config.update("jax_num_cpu_devices", 2)
import jax.numpy as jnp
from jax.sharding import NamedSharding, PartitionSpec
mesh = jax.make_mesh((2,), ("x",))
jax.device_put(jnp.ones(5), NamedSharding(mesh, PartitionSpec("x")))
""",
    ),
    Message(
        says=("Received incompatible devices for jitted computation",),
        cause="The arguments of one jitted call are committed to different devices, and no one program spans them.",
        next="Put them all on one mesh with jax.device_put(x, sharding), also the small ones.",
        rules=("implicit-upload",),
        provoked_by="""\
import jax
jax.config.update("jax_num_cpu_devices", 2)
import jax.numpy as jnp
a, b = (jax.device_put(jnp.ones(4), device) for device in jax.devices())
jax.jit(lambda a, b: a + b)(a, b)
""",
    ),
    Message(
        says=("Resource axis: ... is not found in mesh",),
        cause="A PartitionSpec names an axis that the mesh does not have.",
        next="Compare the names in the spec with mesh.axis_names.",
        provoked_by="""\
import jax, jax.numpy as jnp
from jax.sharding import NamedSharding, PartitionSpec
mesh = jax.make_mesh((1,), ("x",))
jax.device_put(jnp.ones(4), NamedSharding(mesh, PartitionSpec("y")))
""",
    ),
    Message(
        says=("must be >= the product of mesh_shape",),
        cause="The mesh asks for more devices than JAX sees.",
        next="`jax.devices()` lists them; on a CPU, set jax_num_cpu_devices right after `import jax`.",
        rules=("late-setting",),
        provoked_by="""\
import jax
jax.make_mesh((64,), ("x",))
""",
    ),
    Message(
        says=("unbound axis name:",),
        cause="psum, pmean, axis_index or the like names an axis that no vmap, pmap or shard_map around it has.",
        next="Give the axis its name (`axis_name=` of vmap, the mesh of shard_map), or call the function inside it.",
        provoked_by="""\
import jax
jax.jit(lambda x: jax.lax.psum(x, "i"))(1.0)
""",
    ),
    Message(
        says=("Involuntary full rematerialization",),
        cause="Two neighbouring operations want an array cut in ways that XLA cannot turn into each other, so every "
        "device gathers the whole array: slow, and it may not fit.",
        next="Say with jax.lax.with_sharding_constraint how the array between them is to lie.",
    ),
)
