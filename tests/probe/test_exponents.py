"""Arguments of a program that are exponents, however they come to the power."""

from collections.abc import Callable
from typing import Any

import pytest

jax = pytest.importorskip("jax")
import jax.numpy as jnp  # noqa: E402

from jaxaudit_probe.exponents import exponents_of  # noqa: E402


def energy(x: Any, *rest: Any) -> Any:
    n, m = rest
    return jnp.sum(x**n - x ** (m + 1))


FUNCTIONS: dict[str, tuple[Callable[..., Any], list[str]]] = {
    "written there": (lambda x, n, m: x**n + m, ["n"]),
    "a tuple that a gradient hands on": (lambda x, n, m: jax.grad(energy)(x, *(n, m)), ["n", "m"]),
    "in a loop": (lambda x, n, m: jax.lax.fori_loop(0, m, lambda _, y: y**n, x), ["n"]),
    "in a while, and in its test": (
        lambda x, n, m: jax.lax.while_loop(lambda y: jnp.sum(y**n) < 1, lambda y: y * m, x),
        ["n"],
    ),
    "in a scan": (lambda x, n, m: jax.lax.scan(lambda y, z: (y * z**n, m), x[0], x), ["n"]),
    "in a branch": (lambda x, n, m: jax.lax.cond(m > 0, lambda y: y**n, lambda y: y, x), ["n"]),
    "in a jitted helper": (lambda x, n, m: jax.jit(lambda y, k: y**k * m)(x, n), ["n"]),
    "a base": (lambda x, n, m: n**x + m, []),
    "an array": (lambda x, n, m: n**2 * x**x + m, []),
}


@pytest.mark.parametrize("case", FUNCTIONS)
def test_exponents(case: str) -> None:
    function, names = FUNCTIONS[case]

    def named(x: Any, n: Any, m: Any) -> Any:
        return function(x, n, m)

    assert exponents_of(jax.jit(named).trace(jnp.ones(3), 7, 3).jaxpr) == names
