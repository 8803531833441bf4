"""Work of a traced program that depends on no argument."""

from typing import Any

import pytest

jax = pytest.importorskip("jax")
import jax.numpy as jnp  # noqa: E402

from jaxaudit_probe.folding import work_on_constants  # noqa: E402

TABLE = jnp.ones((200, 200))


def operations(function: Any, *arguments: Any) -> set[str]:
    return {work.operation for work in work_on_constants(jax.make_jaxpr(function)(*arguments))}


def test_a_sort_of_what_is_captured() -> None:
    assert operations(lambda x: jnp.sort(TABLE, axis=0)[0] + x, 1.0) == {"sort"}


def test_through_a_nested_jit() -> None:
    assert operations(lambda x: jax.jit(lambda t: jnp.cumsum(t, axis=0))(TABLE)[0] + x, 1.0) == {"cumsum"}


def test_what_meets_an_argument_is_none() -> None:
    assert operations(lambda x: jnp.sort(TABLE * x, axis=0), 1.0) == set()
    assert operations(lambda x: TABLE @ x, jnp.ones(200)) == set()


def test_small_and_free_work_is_none() -> None:
    assert operations(lambda x: jnp.sort(TABLE[0, :10]) + x, 1.0) == set()
    assert operations(lambda x: TABLE.reshape(-1)[:5] + x, 1.0) == set()
