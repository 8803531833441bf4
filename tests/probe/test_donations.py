"""Donation for nothing, as JAX's warning has it but by name, and donation that was missed."""

from collections.abc import Iterator
from functools import partial
from typing import Any

import pytest

jax = pytest.importorskip("jax")
import jax.numpy as jnp  # noqa: E402

from probe.listening import Listener, listening  # noqa: E402


@pytest.fixture
def listener() -> Iterator[Listener]:
    with listening() as listener:
        yield listener


def test_wasted(listener: Listener) -> None:
    @partial(jax.jit, donate_argnums=(0, 1))
    def train(params: Any, images: Any) -> Any:
        return {name: value - images.mean() for name, value in params.items()}

    params = {"w": jnp.ones(100), "b": jnp.ones(2)}
    with pytest.warns(UserWarning, match=r"Some donated buffers were not usable: float32\[37,16,3\]"):
        train(params, jnp.ones((37, 16, 3)))
    assert listener.of("donation", "train")["wasted"] == ["images"]


@pytest.mark.skipif(jax.__version_info__ < (0, 8), reason="this JAX uses a donated buffer for its own shape only")
def test_what_another_shape_of_the_same_size_can_use_is_not_wasted(listener: Listener) -> None:
    @partial(jax.jit, donate_argnums=0)
    def flat(table: Any) -> Any:
        return table.reshape(-1) * 2

    flat(jnp.ones((20, 50)))
    assert listener.told("donation") == []


@pytest.mark.skipif(jax.__version_info__ >= (0, 8), reason="this JAX uses a donated buffer for what has its size")
def test_what_has_another_shape_is_wasted_on_older_versions(listener: Listener) -> None:
    @partial(jax.jit, donate_argnums=0)
    def flat(table: Any) -> Any:
        return table.reshape(-1) * 2

    with pytest.warns(UserWarning, match="Some donated buffers were not usable"):
        flat(jnp.ones((20, 50)))
    assert listener.of("donation", "flat")["wasted"] == ["table"]


def test_missed(listener: Listener) -> None:
    @jax.jit
    def update(params: Any, moments: Any, data: Any) -> Any:
        step = data.sum()
        return {name: value - step for name, value in params.items()}, moments * 2

    params, moments, data = {"w": jnp.ones((50, 50)), "b": jnp.ones(3)}, jnp.ones(2000), jnp.ones(5000)
    for _ in range(4):
        params, moments = update(params, moments, data)
    assert listener.of("donation", "update")["missed"] == [
        {"name": "params['w']", "bytes": 10_000, "dead": True},
        {"name": "moments", "bytes": 8_000, "dead": True},
    ]


def test_what_is_kept_or_donated_is_not_missed(listener: Listener) -> None:
    @jax.jit
    def keep(state: Any) -> Any:
        return state + 1

    @partial(jax.jit, donate_argnums=0)
    def give(state: Any) -> Any:
        return state + 1

    states = [jnp.ones(1000)]
    for _ in range(4):
        states.append(keep(states[-1]))
    state = jnp.ones(1000)
    for _ in range(4):
        state = give(state)
    assert listener.told("donation") == []


def test_of_two_that_fit_the_dead_one_is_named(listener: Listener) -> None:
    @jax.jit
    def move(target: Any, position: Any) -> Any:
        return position + 0.1 * (target - position)

    target, position = jnp.ones(1000), jnp.zeros(1000)
    for _ in range(4):
        position = move(target, position)
    (missed,) = listener.of("donation", "move")["missed"]
    assert (missed["name"], missed["dead"]) == ("position", True)


def test_leaves_of_filtered_functions_have_their_own_names(listener: Listener) -> None:
    eqx = pytest.importorskip("equinox")

    class Model(eqx.Module):
        weight: Any
        rate: float = 0.5

    @eqx.filter_jit
    def train(rate: float, model: Any, batch: Any) -> Any:
        return eqx.tree_at(lambda m: m.weight, model, model.weight - rate * batch.sum())

    model = Model(jnp.ones(1000))
    for turn in range(4):
        model = train(0.1, model, jnp.ones(10) * turn)
    assert listener.of("donation", "train")["missed"] == [{"name": "model.weight", "bytes": 4000, "dead": True}]
