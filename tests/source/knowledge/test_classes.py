"""What the tables say of classes, tried on the installed libraries."""

import dataclasses
import types
from collections.abc import Callable
from typing import Any, NamedTuple

import pytest

from jaxaudit.source.knowledge import classes

jax = pytest.importorskip("jax")

NOT_IN_ALL_VERSIONS = {
    "flax.nnx.Pytree", "flax.nnx.Static", "flax.nnx.static", "flax.nnx.dataclass", "flax.nnx.register_data_type",
    "jax.tree.static", "optax.optimistic_gradient_descent", "optax.lbfgs", "flax.nnx.Object", "enum.StrEnum",
    "optax.partition", "brainstate.graph.Node", "chex.ArrayDevice", "optax.sign_sgd", "optax.nadam", "optax.nadamw",
}  # fmt: skip


def test_all_names_exist(missing: Callable[..., list[str]]) -> None:
    tables = [classes.BASES, classes.DECORATORS, classes.REGISTRATIONS, classes.STATIC_FIELDS,
                  classes.STATIC_ANNOTATIONS,
              classes.FRESH_CLOSURES, classes.HOST_ANNOTATIONS,
              classes.ARRAY_ANNOTATIONS, classes.UNHASHABLE]  # fmt: skip
    assert set(missing([name for table in tables for name in table])) <= NOT_IN_ALL_VERSIONS


def hashing(make: Callable[[], Any]) -> str:
    first, second = make(), make()
    try:
        return "value" if hash(first) == hash(second) and first == second else "identity"
    except (TypeError, ValueError):
        return "none"


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ({}, "none"),
        ({"frozen": True}, "value"),
        ({"eq": False}, "identity"),
        ({"eq": False, "frozen": True}, "identity"),
        ({"unsafe_hash": True}, "value"),
    ],
)
def test_dataclasses_hash_by_their_options(options: dict[str, bool], expected: str) -> None:
    cls = dataclasses.dataclass(**options)(type("Config", (), {"__annotations__": {"n": int}, "n": 1}))
    told = next((how for keyword, value, how in classes.DATACLASS_OPTIONS if options.get(keyword) is value), None)
    assert hashing(cls) == expected == (told or classes.DECORATORS["dataclasses.dataclass"].hash)


def test_equinox_modules_hash_by_their_leaves() -> None:
    eqx = pytest.importorskip("equinox")

    class Scalars(eqx.Module):  # type: ignore[misc]
        n: int = 1

    class Arrays(eqx.Module):  # type: ignore[misc]
        x: Any = dataclasses.field(default_factory=lambda: jax.numpy.ones(2))

    assert (hashing(Scalars), hashing(Arrays)) == ("value", "none")
    assert classes.BASES["equinox.Module"].hash == "pytree"


def test_flax_classes_hash_as_the_table_says() -> None:
    pytest.importorskip("flax")
    from flax import linen, nnx, struct

    class Node(struct.PyTreeNode):  # type: ignore[misc]
        n: int = 1

    class Layer(linen.Module):  # type: ignore[misc]
        n: int = 1

    class Model(nnx.Module):  # type: ignore[misc]
        pass

    found = {
        "flax.struct.PyTreeNode": hashing(Node),
        "flax.linen.Module": hashing(Layer),
        "flax.nnx.Module": hashing(Model),
    }
    assert found == {name: classes.BASES[name].hash for name in found}


def test_other_values_hash_as_the_table_says() -> None:
    class Pair(NamedTuple):
        n: int = 1

    assert hashing(Pair) == classes.BASES["typing.NamedTuple"].hash
    assert hashing(lambda: types.SimpleNamespace(n=1)) == classes.BASES["types.SimpleNamespace"].hash
    assert hashing(lambda: jax.sharding.PartitionSpec("a")) == "value"


def test_optimisers_are_fresh_closures() -> None:
    optax = pytest.importorskip("optax")
    assert hashing(lambda: optax.adam(1e-3)) == hashing(optax.identity) == "identity"
    assert {"optax.adam", "optax.identity"} <= classes.FRESH_CLOSURES
