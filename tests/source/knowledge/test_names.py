"""Other spellings lead to things that exist, and to the same ones."""

from collections.abc import Callable
from typing import Any

import pytest

from jaxaudit.source.knowledge import contexts, host
from jaxaudit.source.knowledge.names import CANONICAL, PREFIXES

pytest.importorskip("jax")

# They do the same with another function object.
OTHER_OBJECT = ("jax.tree_util.", "typing.", "flax.core.lift.", "jax.experimental.", "jax._src.", "jax.remat", "haiku.")
GONE = {
    "jax.util.cache", "jax._src.util.cache", "jax._src.util.weakref_lru_cache", "jax.util.weakref_lru_cache",
    "jax._src.linear_util.cache", "jax.linear_util.cache", "attrs.cached_property", "jax.lib.xla_bridge.get_backend",
    "jax.core.is_concrete", "equinox._caches.internal_lru_caches", "jax.tree.reduce_associative",
    "jax.ops.index_update",
    "flax.core.lift.fold_rngs", "jax.typeof", "optax.tree.map_params", "jax.tree.broadcast",
    "jax.tree.flatten_with_path",
    "jax.tree.leaves_with_path", "jax.tree.map_with_path", "optax.tree.random_like", "optax.tree.split_key_like",
    "jax._src.test_util.sample_product", "jax._src.test_util.run_on_devices", "jax._src.test_util.JaxTestCase",
    "absl.testing.absltest.TestCase", "typing.override",
}  # fmt: skip


def test_canonical_names_exist(missing: Callable[..., list[str]]) -> None:
    assert set(missing(CANONICAL.values())) <= GONE


def test_canonical_names_are_final() -> None:
    assert [name for name in CANONICAL.values() if name in CANONICAL] == []


def test_a_spelling_is_the_thing_itself(find: Callable[[str], Any]) -> None:
    different = []
    for spelling, name in CANONICAL.items():
        try:
            one, other = find(spelling), find(name)
        except Exception:  # gone from the installed version
            continue
        if one is not None and one is not other and not spelling.startswith(OTHER_OBJECT):
            different.append(spelling)
    assert set(different) <= {"jax.jacobian", "attr.ib", "attr.field", "jax.numpy.ndarray"}


def test_prefixes_are_longest_first_and_lead_to_modules(missing: Callable[..., list[str]]) -> None:
    lengths = [len(prefix) for prefix, _ in PREFIXES]
    assert lengths == sorted(lengths, reverse=True)
    assert missing([public.removesuffix(".") for _, public in PREFIXES]) == []


def test_names_of_host_and_contexts_exist(missing: Callable[..., list[str]]) -> None:
    tables = [host.SYNC_BUILTINS, host.SYNC_FUNCTIONS, host.CLOCKS, host.HOST_RANDOM_SEEDS, host.OUTPUT,
              contexts.CACHES]  # fmt: skip
    assert set(missing([name for table in tables for name in table])) <= GONE
