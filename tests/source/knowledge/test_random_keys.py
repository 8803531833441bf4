"""What the tables say of random keys, tried on the installed libraries."""

import inspect
from collections.abc import Callable
from typing import Any

import pytest

from jaxaudit.source.knowledge import random_keys

jax = pytest.importorskip("jax")

NOT_IN_ALL_VERSIONS = {"optax.tree.split_key_like", "optax.tree.random_like"}


def test_all_names_exist(missing: Callable[..., list[str]]) -> None:
    tables = [random_keys.KEY_MAKERS, random_keys.KEY_CONSUMERS,
              random_keys.INITIALIZER_FACTORIES, random_keys.KEY_NEUTRAL]  # fmt: skip
    assert set(missing([name for table in tables for name in table])) <= NOT_IN_ALL_VERSIONS


def test_keys_stand_where_the_table_says(find: Callable[[str], Any]) -> None:
    wrong = []
    for name, use in random_keys.KEY_CONSUMERS.items():
        thing = None if name in NOT_IN_ALL_VERSIONS else find(name)
        parameters = list(inspect.signature(thing).parameters) if callable(thing) else []
        if not parameters or "args" in parameters:
            continue
        if use.keyword not in parameters or (use.position >= 0 and parameters[use.position] != use.keyword):
            wrong.append(f"{name}: {use.keyword} is not at {use.position} of {parameters}")
    assert wrong == []


def test_every_function_that_takes_a_key_is_known() -> None:
    takes_key = {
        f"jax.random.{name}"
        for name, thing in vars(jax.random).items()
        if not name.startswith("_")
        and inspect.isroutine(thing)
        and next(iter(inspect.signature(thing).parameters), "") in ("key", "keys")
    }
    assert takes_key - set(random_keys.KEY_CONSUMERS) == set()
