"""What functions returned, kept by a real run: keys, donated and sharded arrays, what holds no numbers."""

import pytest

from jaxaudit.verify.running import Way, run
from verify.grounds import ground_in

pytest.importorskip("jax")
PROGRAM = """\
import functools
import jax, jax.numpy as jnp, numpy as np
from jax.sharding import NamedSharding, PartitionSpec

@jax.jit
def step(x, a):
    return {"x": x * a, "n": jnp.sum(x)}

@functools.partial(jax.jit, donate_argnums=0)
def update(x):
    return x + 1

@jax.jit
def keyed(key):
    return jax.random.split(key)

@jax.jit
def outer(x):
    return step(x, 2.0)["x"].astype(jnp.bfloat16)

x = jnp.arange(8.0)
for _ in range(9):
    step(x, 0.5)
y = jnp.ones(3)
for _ in range(3):
    y = update(y)
keyed(jax.random.key(1))
outer(x / 0)
jax.vmap(step, in_axes=(0, None))(jnp.ones((2, 2)), 1.0)
mesh = jax.make_mesh((2,), ("a",))
apart = jax.device_put(jnp.arange(4.0), NamedSharding(mesh, PartitionSpec("a")))
update(apart)
print(int(y[0]))
"""


@pytest.fixture(scope="module")
def seen(tmp_path_factory):
    ground = ground_in(tmp_path_factory.mktemp("results"))
    (ground.root / "program.py").write_text(PROGRAM)
    environ = {"JAX_PLATFORMS": "cpu", "XLA_FLAGS": "--xla_force_host_platform_device_count=2"}
    ran = run(ground, Way(("program.py",)), {}, environ, values=True)
    assert (ran.code, ran.stdout) == (0, "4\n"), ran.stderr
    assert not ran.evidence.notes
    assert {one.at.line for one in ran.evidence.syncs} <= {27, 33}  # the newest JAX fetches while it makes a key
    return {function.name: calls for function, calls in ran.results.items()}


def test_first_calls_and_powers_of_two_with_their_numbers(seen):
    assert list(seen["step"]) == [
        1,
        2,
        3,
        4,
        8,
    ]  # what runs inside another function, or batched, has no values of its own
    first = seen["step"][1]
    assert [(leaf.name, leaf.shape, leaf.dtype) for leaf in first.leaves] == [
        ("['n']", (), "float32"),
        ("['x']", (8,), "float32"),
    ]
    assert list(first.leaves[1].numbers()) == [0.0, 0.5, 1.0, 1.5, 2.0, 2.5, 3.0, 3.5]
    assert (first.leaves[1].peak, first.leaves[1].step) == (3.5, 1)
    assert len(first.inputs) == 2 and seen["step"][2].inputs is None


def test_donated_arguments_are_known_as_well(seen):
    assert len(seen["update"]) == 4 and len(seen["update"][1].inputs) == 1
    assert [seen["update"][call].leaves[0].numbers()[0] for call in (1, 2, 3)] == [2.0, 3.0, 4.0]
    assert list(seen["update"][4].leaves[0].numbers()) == [1.0, 2.0, 3.0, 4.0]  # it lies on two devices


def test_keys_have_a_digest_only(seen):
    [key] = seen["keyed"][1].leaves
    assert key.dtype == "key<fry>" and key.digest and not key.bytes


def test_short_floats_and_what_is_not_finite(seen):
    [leaf] = seen["outer"][1].leaves
    assert (leaf.dtype, leaf.peak, bool(leaf.odd)) == ("bfloat16", 0.0, True)


def test_a_function_that_several_threads_call_says_so(ground, home):
    (home / "program.py").write_text(
        "import threading, jax\nstep = jax.jit(lambda x: x + 1)\nalone = jax.jit(lambda x: x * 2)\nalone(1.0)\nstep(0.0)\n"
        "thread = threading.Thread(target=step, args=(2.0,))\nthread.start()\nthread.join()\n"
    )
    ran = run(ground, Way(("program.py",)), {}, {"JAX_PLATFORMS": "cpu"}, values=True)
    assert [[one.threads for one in calls.values()] for calls in ran.results.values()] == [[1, 2], [1]], ran.stderr


def test_nothing_is_kept_unless_asked_for(ground, home):
    (home / "program.py").write_text("import jax\nprint(jax.jit(lambda x: x + 1)(1.0))\n")
    ran = run(ground, Way(("program.py",)), {}, {"JAX_PLATFORMS": "cpu"})
    assert ran.code == 0 and not ran.results and not list(ran.record.glob("*.values"))
