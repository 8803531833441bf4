"""`jaxaudit.observe()`: what a script or a notebook asks of it."""

from collections.abc import Iterator
from typing import Any

import pytest

jax = pytest.importorskip("jax")
import jax.numpy as jnp  # noqa: E402

import jaxaudit  # noqa: E402
from jaxaudit_probe import calls, hooks  # noqa: E402


@pytest.fixture(autouse=True)
def unhooked() -> Iterator[None]:
    yield
    hooks.uninstall()


@jax.jit
def scaled(x: Any) -> Any:
    return x * 3


def test_functions_by_name_with_their_compiles_and_causes() -> None:
    three, four = jnp.ones(3), jnp.ones(4)
    with jaxaudit.observe() as seen:
        scaled(three)
        scaled(four)
        assert seen.functions["scaled"].compiles == 2
    assert seen.functions["scaled"].compiles == 2
    assert [one.cause.text for one in seen.compiles if one.again] == ["x: f32[3] -> f32[4]"]
    assert "x: f32[3] -&gt; f32[4]" in seen._repr_html_()
    assert "scaled" in repr(seen)


def test_a_notebook_shows_worst_first_and_ipython_a_text() -> None:
    with jaxaudit.observe() as seen:
        for size in (3, 4, 5):
            scaled(jnp.ones(size + 200))
    page = seen._repr_html_()
    assert page.index("shape-churn") < page.index("<summary><code>scaled</code>")
    assert seen.document()["kind"] == "run"
    said: list[str] = []

    class Printer:
        """IPython's, as far as it is asked."""

        def text(self, text: str) -> None:
            said.append(text)

    seen._repr_pretty_(Printer(), cycle=False)
    assert "3 programs compiled" in said[0] or " programs compiled" in said[0]
    assert "record:" not in said[0]


def test_ipython_itself_shows_both() -> None:
    formatters = pytest.importorskip("IPython.core.formatters")
    with jaxaudit.observe() as seen:
        scaled(jnp.ones(300))
    shown, _ = formatters.DisplayFormatter().format(seen)
    assert shown["text/html"].startswith('<div class="jaxaudit">')
    assert shown["text/plain"].startswith("jaxaudit run: ")


def test_blocks_nest_and_see_their_own() -> None:
    with jaxaudit.observe() as outer:
        scaled(jnp.ones(5))
        with jaxaudit.observe() as inner:
            scaled(jnp.ones(6))
    assert (outer.functions["scaled"].compiles, inner.functions["scaled"].compiles) == (2, 1)


def test_a_later_block_counts_from_its_own_beginning() -> None:
    three = jnp.ones(3)
    with jaxaudit.observe() as first:
        for _ in range(5):
            scaled(three)
        float(three.sum())
    with jaxaudit.observe() as second:
        float(three.sum())
        jax.jit(lambda x: x - 1)(three)
    assert first.functions["scaled"].calls == 5
    assert "scaled" not in second.functions
    with jaxaudit.observe() as third:
        scaled(three)
    assert third.functions["scaled"].calls == 1
    assert sum(one.count for one in second.syncs) <= 1


def test_a_block_sees_all_calls_although_blocks_before_it_saw_many() -> None:
    three = jnp.ones(3)
    scaled(three)
    with jaxaudit.observe():
        sampler = calls.current()
        assert sampler is not None
        sampler.left = 1
        scaled(three)  # nothing is left of what may be looked at
    assert not sampler.on
    with jaxaudit.observe() as seen:
        for _ in range(5):
            scaled(three)
    assert (seen.functions["scaled"].calls, seen.functions["scaled"].sampled) == (5, 5)


def test_a_name_that_was_not_compiled() -> None:
    with jaxaudit.observe() as seen:
        scaled(jnp.ones(7))
    with pytest.raises(KeyError, match="there are scaled"):
        seen.functions["other"]


def test_what_raises_in_the_block_comes_out() -> None:
    with pytest.raises(ZeroDivisionError), jaxaudit.observe() as seen:
        scaled(jnp.ones(8))
        raise ZeroDivisionError
    assert seen.functions["scaled"].compiles == 1


def test_guard_is_there_too() -> None:
    with pytest.raises(jaxaudit.BudgetError), jaxaudit.guard(max_compiles=0):
        scaled(jnp.ones(9))
