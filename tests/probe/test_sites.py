"""Whose program it is, where JAX compiles one that no function of the user's came with."""

from collections.abc import Iterator

import pytest

jax = pytest.importorskip("jax")
eqx = pytest.importorskip("equinox")
import jax.numpy as jnp  # noqa: E402

from probe.listening import Listener, listening  # noqa: E402


@pytest.fixture
def listener() -> Iterator[Listener]:
    with listening() as listener:
        yield listener


def compiled(listener: Listener) -> list[str]:
    sites = {site["id"]: site["name"].rpartition(".")[2] for site in listener.told("site")}
    return [sites[line["site"]] for line in listener.told("compile")]


def test_two_filtered_functions_under_vmap_keep_their_names(listener: Listener) -> None:
    @eqx.filter_jit
    def early(x):
        return jnp.sin(x)

    @eqx.filter_jit
    def late(x):
        return jnp.cos(x)

    jax.vmap(early)(jnp.ones(3))
    jax.vmap(late)(jnp.ones(3))
    assert [name for name in compiled(listener) if name in ("early", "late")] == ["early", "late"]


def test_a_function_object_is_to_blame_only_for_a_program_that_was_there_before(listener: Listener) -> None:
    @eqx.filter_jit
    def apply(function, x):
        return function(x)

    def run(first, then):
        return apply(lambda x: then(first(x)), jnp.ones(3))

    run(jnp.sin, jnp.cos)
    run(jnp.sin, jnp.cos)
    run(jnp.sin, lambda x: x @ x)
    sites = {site["id"]: site["name"].rpartition(".")[2] for site in listener.told("site")}
    kinds = [line["cause"]["kind"] for line in listener.told("compile") if sites[line["site"]] == "apply"]
    assert kinds == ["first", "static-function", "another-program"]


def model(xs):
    def body(carry, x):
        return carry + x, None

    return jax.lax.scan(body, jnp.zeros(()), xs)[0]


def test_a_loop_outside_jit_is_told_with_its_own_body(listener: Listener) -> None:
    jax.jit(jax.vmap(model))(jnp.ones((2, 5)))
    jax.vmap(model)(jnp.ones((3, 5)))
    jax.vmap(model)(jnp.ones((3, 5)))
    sites = {site["id"]: site["name"].rpartition(".")[2] for site in listener.told("site")}
    with_bodies = [line for line in listener.told("compile") if line["bodies"]]
    assert [(sites[line["site"]], [sites[one] for one in line["bodies"]]) for line in with_bodies] == [
        ("model", ["body"]),
        ("scan", ["body"]),
        ("scan", ["body"]),
    ]
    assert [line["cause"]["kind"] for line in with_bodies] == ["first", "first", "new-function"]


@pytest.mark.skipif(not hasattr(jax, "set_mesh"), reason="this JAX has no jax.set_mesh")
def test_a_context_is_told_as_the_program_spells_it(listener: Listener) -> None:
    @jax.jit
    def step(x):
        return x * 2.0

    step(jnp.ones(3))
    with jax.set_mesh(jax.make_mesh((1,), ("i",), axis_types=(jax.sharding.AxisType.Auto,))):
        step(jnp.ones(3))
    causes = [line["cause"] for line in listener.told("compile")]
    assert "the setting jax.set_mesh changed" in causes[-1]["text"]
