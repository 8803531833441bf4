"""One key for all devices under `shard_map`."""

import pytest

from rules.programs_of_rules import found

SHARDS = """
import functools
from jax.sharding import PartitionSpec as P

mesh = jax.make_mesh((1,), ("rows",))

def kick(key, x):
    return x + jax.random.normal(key, x.shape)

def move(x, key):
    {first}
    return kick(key, x)

@jax.jit
def step(x, key):
    return {mapped}(x, key)

step(jnp.ones((4, 2)), jax.random.key(0))
"""
DIRECT = 'jax.shard_map(move, mesh=mesh, in_specs=(P("rows"), {key}), out_specs=P("rows"))'
PARTIAL = 'functools.partial(jax.shard_map, mesh=mesh, in_specs=(P("rows"), {key}), out_specs=P("rows"))(move)'


def told(mapped, key="P()", first="pass"):
    text = SHARDS.replace("{mapped}", mapped.replace("{key}", key)).replace("{first}", first)
    return [one for one in found("key-reuse", text) if one.facts.get("transformation") == "shard_map"]


@pytest.mark.parametrize("mapped", [DIRECT, PARTIAL])
def test_each_shard_draws_the_same(mapped):
    (one,) = told(mapped)
    assert not one.certain  # replicated noise may be meant
    assert "`kick` gives each shard the same random numbers" in one.message
    assert "axis_index" in one.help


def test_a_key_for_each_shard():
    assert not told(DIRECT, key='P("rows")')
    assert not told(DIRECT, first='key = jax.random.fold_in(key, jax.lax.axis_index("rows"))')
