"""Budgets: what they raise on, what they say, and what they leave alone."""

from collections.abc import Iterator
from typing import Any

import pytest

jax = pytest.importorskip("jax")
import jax.numpy as jnp  # noqa: E402
import numpy as np  # noqa: E402

from jaxaudit_probe import hooks, private  # noqa: E402
from jaxaudit_probe.budgets import BudgetError, BudgetWarning, Guard, bytes_of  # noqa: E402

TABLE = np.random.default_rng(0).normal(size=(600, 600)).astype(np.float32)


@pytest.fixture(autouse=True)
def unhooked() -> Iterator[None]:
    yield
    hooks.uninstall()


def doubled() -> Any:
    @jax.jit
    def double(x: Any) -> Any:
        return x * 2

    return double


@pytest.mark.parametrize(("text", "size"), [("1MiB", 2**20), ("1.5 kB", 1500), ("12", 12), (7, 7)])
def test_sizes(text: str | int, size: int) -> None:
    assert bytes_of(text) == size


def test_a_size_that_is_none() -> None:
    with pytest.raises(ValueError, match="'1MiB'"):
        bytes_of("one MiB")


def test_a_second_compile_names_function_call_and_leaf() -> None:
    double = doubled()
    three, four = jnp.ones(3), jnp.ones(4)
    with (
        pytest.raises(
            BudgetError, match=r"`\S*double` \(.*test_budgets.py:\d+\) would be compiled for the 2nd time"
        ) as raised,
        Guard(max_compiles=1),
    ):
        double(three)
        double(four)
    assert "x: f32[3] -> f32[4]" in str(raised.value)


def test_nothing_compiles_after_warm_up() -> None:
    double = doubled()
    three, four = jnp.ones(3), jnp.ones(4)
    double(three)
    with Guard(no_compile=True):
        for _ in range(3):
            double(three)
    with pytest.raises(BudgetError, match="allows no compile"), Guard(no_compile=True):
        double(four)
    double(four)  # what was refused can be done later


def test_what_was_asked_for_by_name_is_no_breach() -> None:
    double = doubled()
    three = jnp.ones(3)
    with Guard(no_compile=True) as guard:
        lowered = double.lower(three)
        executable = lowered.compile()
        executable(three)
        jax.eval_shape(double, three)
        jax.make_jaxpr(double)(three)
    assert guard.breaches == []


def test_callbacks_and_donation_stay_silent() -> None:
    def told(x: Any) -> Any:
        jax.debug.callback(lambda value: None, x)
        return x + 1

    calling, giving = jax.jit(told), jax.jit(lambda x: x + 1, donate_argnums=0)
    x = calling(giving(jnp.ones(3)))
    with Guard(no_compile=True, max_compiles=0) as guard:
        for _ in range(3):
            x = calling(giving(x))
    jax.effects_barrier()
    assert guard.breaches == []


def test_constants_are_named() -> None:
    @jax.jit
    def product(x: Any) -> Any:
        return jnp.asarray(TABLE) @ x

    with (
        pytest.raises(BudgetError, match=r"captures 1,440,000 bytes .* \(budget: 1,048,576\)"),
        Guard(max_constants="1MiB"),
    ):
        product(jnp.ones(600))


def test_a_warning_stands_on_the_line_of_the_call() -> None:
    double = doubled()
    three = jnp.ones(3)
    with pytest.warns(BudgetWarning, match="would be compiled") as told, Guard(max_compiles=0, action="warn") as guard:
        double(three)
    assert told[0].filename == __file__
    assert len(guard.breaches) == 1


def test_what_this_jax_does_not_show_is_not_checked(monkeypatch: pytest.MonkeyPatch) -> None:
    hooks.install()
    monkeypatch.setattr(private, "missing", ["compiles"])
    with pytest.raises(BudgetError, match="not checked"), Guard(max_compiles=1):
        pass


def test_guards_nest_and_end() -> None:
    double = doubled()
    three = jnp.ones(3)
    with Guard(max_compiles=1) as outer, Guard(max_compiles=5) as inner:
        double(three)
    double(jnp.ones(9))
    assert outer.breaches == inner.breaches == []


def test_an_action_that_is_none() -> None:
    with pytest.raises(ValueError, match="'raise' or 'warn'"):
        Guard(max_compiles=1, action="shout")


@pytest.mark.filterwarnings("ignore:no_host_sync:jaxaudit.BudgetWarning")
def test_a_wait_for_the_device_is_refused_before_it_happens() -> None:
    x = jnp.ones(3) * 2
    with Guard(no_host_sync=True):
        y = x + 1
    said = r"`float` at .*test_budgets.py:\d+ in `\S+` waits for the device"
    with pytest.raises(BudgetError, match=said), Guard(no_host_sync=True):
        float(y[0])
    assert float(y[0]) == 3.0


@pytest.mark.skipif(hasattr(private.ArrayImpl, "__buffer__"), reason="this Python shows them all")
def test_what_this_python_does_not_show_is_said() -> None:
    with pytest.warns(BudgetWarning, match=r"np\.asarray .* is not checked"), Guard(no_host_sync=True):
        pass
