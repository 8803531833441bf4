"""Where an array was committed to its place: the user's line stands in the cause of the compile that it makes."""

import gc
import inspect
import weakref
from typing import Any

import pytest

jax = pytest.importorskip("jax")
import jax.numpy as jnp  # noqa: E402
import numpy as np  # noqa: E402
from jax.sharding import Mesh, NamedSharding, PartitionSpec  # noqa: E402

from jaxaudit_probe import commits  # noqa: E402
from probe.listening import listening  # noqa: E402

DEVICE = jax.devices()[0]


def line() -> int:
    """The line of the caller."""
    frame = inspect.currentframe()
    assert frame is not None and frame.f_back is not None
    return frame.f_back.f_lineno


def last_cause(told: Any, name: str) -> dict[str, Any]:
    sites = {fields["id"] for kind, fields in told.lines if kind == "site" and fields["name"].endswith(name)}
    told.told("compile")
    return [fields for kind, fields in told.lines if kind == "compile" and fields["site"] in sites][-1]["cause"]


def over(name: str) -> NamedSharding:
    return NamedSharding(Mesh(np.array([DEVICE]), (name,)), PartitionSpec(name))


def test_device_put() -> None:
    step = jax.jit(lambda x: x + 1)
    with listening() as told:
        step(jnp.ones(3))
        x, put = jax.device_put(jnp.ones(3), DEVICE), line()
        step(x)
        cause = last_cause(told, "<lambda>")
    (change,) = cause["changes"]
    assert (cause["kind"], change["put"]["line"], change["put"]["how"]) == ("committed", put, "device_put")
    assert change["put"]["path"] == __file__
    assert cause["text"].endswith(
        f"-> device 0, committed (committed by device_put at {commits.names.shown(__file__, put)})"
    )


def test_what_is_computed_from_it_is_committed_by_the_same_line() -> None:
    step = jax.jit(lambda x: x + 1)
    with listening() as told:
        step(jnp.ones(3))
        x, put = jax.device_put(jnp.ones(3), DEVICE), line()
        for _ in range(3):
            x = x * 2
        step(x)
        assert last_cause(told, "<lambda>")["changes"][0]["put"]["line"] == put


def test_two_lines_that_could_have_done_it_are_not_guessed_between() -> None:
    step = jax.jit(lambda x: x + 1)
    with listening() as told:
        step(jnp.ones(3))
        x = jax.device_put(jnp.ones(3), DEVICE)
        y = jax.device_put(jnp.ones(3), DEVICE)
        step(x + y)
        assert "put" not in last_cause(told, "<lambda>")["changes"][0]


def test_what_makes_sharded_arrays() -> None:
    step = jax.jit(lambda x: x + 1)
    with listening() as told:
        step(jnp.ones(4))
        x, made = jax.make_array_from_callback((4,), over("a"), lambda index: np.ones(4, np.float32)[index]), line()
        step(x)
        put = last_cause(told, "<lambda>")["changes"][0]["put"]
        assert (put["line"], put["how"]) == (made, "make_array_from_callback")


def test_shardings_of_a_jitted_function() -> None:
    step = jax.jit(lambda x: x + 1)
    with listening() as told:
        step(jnp.ones(4))

        def placed(x: Any) -> Any:
            return x

        step(jax.jit(placed, out_shardings=over("b"))(jnp.ones(4)))
        put = last_cause(told, "<lambda>")["changes"][0]["put"]
        assert put["how"].endswith("placed`")
        assert put["line"] == placed.__code__.co_firstlineno


def test_an_array_without_a_place_is_nobodys() -> None:
    with listening():
        jnp.asarray(np.ones(3))
        jax.device_put(np.ones(3))
        assert not commits._arrays


def test_nothing_is_kept_alive_and_little_is_kept() -> None:
    with listening():
        for i in range(3 * commits.EXACT):
            x = jax.device_put(np.full(2, i), DEVICE)
        there = weakref.ref(x)
        assert len(commits._arrays) <= 1, "the arrays of before are gone"
        assert len(commits._lines) == 1
        del x
        gc.collect()
        assert there() is None
        assert not commits._arrays


def test_functions_are_as_before() -> None:
    before = jax.make_array_from_callback
    with listening():
        assert jax.make_array_from_callback.__name__ == before.__name__
        assert jax.make_array_from_callback is not before
    assert jax.make_array_from_callback is before
