"""Who is jitted by the user's lines: each definition once, libraries' and JAX's own wrappers left out."""

from functools import partial
from typing import Any

import pytest

jax = pytest.importorskip("jax")
import jax.numpy as jnp  # noqa: E402

from jaxaudit_probe import names  # noqa: E402
from probe.listening import listening  # noqa: E402


def body(x: Any) -> Any:
    return x + 1


def jitted(told: Any) -> list[tuple[str, str]]:
    """(name, wrapper) of the lines."""
    return [(fields["name"].rpartition(".")[2], fields["wrapper"]) for fields in told.told("jitted")]


def test_every_spelling() -> None:
    with listening() as told:

        @jax.jit
        def decorated(x: Any) -> Any:
            return x

        @partial(jax.jit, static_argnames="n")
        def partly(x: Any, n: int) -> Any:
            return x

        class Model:
            @jax.jit
            def method(self) -> Any:
                return self

        jax.jit(lambda x: x)
        jax.jit(partial(body, 1))
        jax.pmap(decorated.__wrapped__)
        jax.pmap(lambda x: x * 3)
        assert jitted(told) == [
            ("decorated", "jit"), ("partly", "jit"), ("method", "jit"), ("<lambda>", "jit"), ("body", "jit"), ("<lambda>", "pmap"),
        ]  # fmt: skip


def test_a_definition_once_however_often_it_is_jitted() -> None:
    with listening() as told:
        for i in range(20):
            jax.jit(lambda x: x + i)  # noqa: B023
        assert len(jitted(told)) == 1


def test_what_jax_and_libraries_jit_is_theirs() -> None:
    library: dict[str, Any] = {"jax": jax}
    file = "/env/site-packages/theirs/solve.py"
    exec(compile("def solve(f):\n    return jax.jit(f)", file, "exec"), library)
    assert not names.is_user(file)
    with listening() as told:
        library["solve"](body)
        jnp.vectorize(body)(jnp.ones(3))
        jax.jit(jnp.sin)
        assert jitted(told) == []


def test_equinox() -> None:
    eqx = pytest.importorskip("equinox")
    with listening() as told:

        class Model(eqx.Module):
            @eqx.filter_jit
            def never(self, x: Any) -> Any:
                return x

        @eqx.filter_jit
        def step(x: Any) -> Any:
            return x

        assert jitted(told) == [("never", "filter_jit"), ("step", "filter_jit")]
        step(1.0)
        definitions = [(fields["path"], fields["line"]) for fields in told.told("jitted")]
        sites = [(fields["path"], fields["line"]) for fields in told.told("site")]
        assert [place in sites for place in definitions] == [False, True]


def test_flax() -> None:
    nnx = pytest.importorskip("flax.nnx")
    with listening() as told:

        @nnx.jit
        def step(x: Any) -> Any:
            return x

        assert jitted(told) == [("step", "nnx.jit")]


def test_where_jit_is_off_nothing_is_known() -> None:
    with listening() as told:
        jax.jit(body)
        with jax.disable_jit():
            assert told.told("jitted")[-1] == {"off": True}


def test_nothing_is_kept_alive() -> None:
    import gc
    import weakref

    with listening():

        def made(x: Any) -> Any:
            return x

        wrapper, there = jax.jit(made), weakref.ref(made)
        del wrapper, made
        gc.collect()
        assert there() is None
