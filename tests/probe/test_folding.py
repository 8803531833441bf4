"""Work of a traced program that depends on no argument."""

from typing import Any

import pytest

jax = pytest.importorskip("jax")
import jax.numpy as jnp  # noqa: E402

from jaxaudit_probe import folding, hooks  # noqa: E402
from jaxaudit_probe.folding import work_on_constants  # noqa: E402
from probe.listening import listening  # noqa: E402

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


def test_numbers_written_out_are_none() -> None:
    """XLA folds the number, whatever else the function captures."""
    half = jnp.float32(0.5)
    assert operations(lambda x: (jnp.zeros((200, 200)) + half) * 2 + TABLE * x, 1.0) == set()
    assert operations(lambda x: (jnp.zeros((200, 200)) + TABLE) + x, 1.0) == {"add"}


def test_the_hardest_work_is_told_of() -> None:
    def smooth(x: Any) -> Any:
        window = jax.lax.reduce_window(TABLE, 0.0, jax.lax.add, (30, 30), (1, 1), "SAME")
        return jnp.cumsum(TABLE, axis=0).sum() + (TABLE @ TABLE).sum() + window.sum() + x

    works = {work.operation: work.effort for work in work_on_constants(jax.make_jaxpr(smooth)(1.0))}
    assert max(works, key=lambda name: works[name]) == "reduce_window_sum"
    assert works["dot_general"] == 200**3 // folding.PRODUCTS_AT_ONCE


def counted(side: int, box: int) -> Any:
    """How many pixels of a box lie in the image."""
    return jax.lax.reduce_window(jnp.ones((side, side)), 0.0, jax.lax.add, (box, box), (1, 1), "SAME")


def test_a_window_over_nothing_but_numbers() -> None:
    assert operations(lambda x: x / counted(200, 9), 1.0) == {"reduce_window_sum"}
    assert operations(lambda x: x / counted(200, 2), 1.0) == set()
    assert operations(lambda x: counted(200, 9) / x + jnp.cumsum(jnp.ones(40_000)).sum(), 1.0) == {"reduce_window_sum"}


def test_a_program_that_captures_nothing_is_looked_at_for_its_windows(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(folding, "LEAST_SECONDS", 0.0)
    with listening() as told:
        hooks.install()
        jax.jit(lambda x: x / counted(160, 3)).lower(1.0).compile()
        jax.jit(lambda x: x / jnp.ones((160, 160))).lower(1.0).compile()
        told.told("fold")
        folds = [fields for kind, fields in told.lines if kind == "fold"]
    assert [fields["text"] for fields in folds] == ["`reduce_window_sum` of float32[160,160]"]


def test_what_takes_long_is_told_before_it_ends(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(folding, "LEAST_SECONDS", 0.0)
    with listening() as told:

        def traced(x: Any) -> Any:
            return jnp.sort(TABLE, axis=0)[0] + x

        lowered = jax.jit(traced).lower(1.0)
        observer = hooks.install()
        began = observer.request_began

        def asked() -> Any:
            frame = began()
            told.told("fold")
            return frame

        monkeypatch.setattr(observer, "request_began", asked)
        lowered.compile()
        folds = [fields for kind, fields in told.lines if kind == "fold"]
    assert [fields["under_way"] for fields in folds] == [True, False]
    assert folds[-1]["text"].startswith("`sort`")
