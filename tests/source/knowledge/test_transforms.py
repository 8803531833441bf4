"""What the tables say of transformations, tried on the installed libraries."""

import functools
import inspect
import sys
import warnings
from collections.abc import Callable
from typing import Any

import pytest

from jaxaudit.source.knowledge.higher_order import HIGHER_ORDER, TRANSPARENT
from jaxaudit.source.knowledge.transforms import IDENTITIES, JAX, Feed, Slot
from jaxaudit.source.knowledge.transforms_of_libraries import BLACKJAX, TRANSFORMS

jax = pytest.importorskip("jax")
jnp = jax.numpy
lax = jax.lax

NOT_IN_ALL_VERSIONS = {
    "jax.smap", "jax.fwd_and_bwd", "jax.tree.reduce_associative", "flax.nnx.jit_partial", "typing.override",
    "flax.nnx.shard_map",
}  # fmt: skip


def test_all_names_exist(missing: Callable[..., list[str]]) -> None:
    tables = [*TRANSFORMS, *HIGHER_ORDER, *TRANSPARENT]
    assert set(missing(tables)) <= NOT_IN_ALL_VERSIONS


def test_functions_and_keywords_stand_where_the_tables_say(find: Callable[[str], Any]) -> None:
    wrong = []
    for name, transform in TRANSFORMS.items():
        if name in NOT_IN_ALL_VERSIONS and not hasattr(jax, "smap"):
            continue
        feeds = [f for f in transform.feeds if f.keyword or f.position >= 0]
        keywords = (transform.static_nums, transform.static_names, transform.donate_nums, transform.donate_names)
        wrong += _misplaced(find(name), name, [*transform.functions, *feeds], (*keywords, transform.axes[0]))
    for name, (slots, _) in HIGHER_ORDER.items():
        wrong += _misplaced(find(name), name, list(slots), ())
    assert wrong == []


def _misplaced(thing: Any, name: str, slots: list[Slot | Feed], keywords: tuple[str, ...]) -> list[str]:
    if thing is None or not callable(thing):
        return []
    try:
        parameters = list(inspect.signature(thing).parameters.values())
    except (TypeError, ValueError):  # builtins without a signature
        return []
    names = [p.name for p in parameters]
    kinds = {p.kind for p in parameters}
    open_ended = inspect.Parameter.VAR_KEYWORD in kinds
    starred = next((i for i, p in enumerate(parameters) if p.kind == inspect.Parameter.VAR_POSITIONAL), None)
    wrong = [f"{name}: no {k}" for k in keywords if k and k not in names and not open_ended]
    for slot in slots:
        if slot.keyword and slot.keyword not in names and not open_ended:
            wrong.append(f"{name}: no {slot.keyword}")
        if slot.position < 0 or (starred is not None and slot.position >= starred):
            continue
        if slot.position >= len(names) or (slot.keyword and names[slot.position] != slot.keyword):
            wrong.append(f"{name}: {slot.keyword} is not at {slot.position}")
    return wrong


def test_factories_are_those_that_may_be_called_without_a_function(find: Callable[[str], Any]) -> None:
    wrong = []
    for name, transform in TRANSFORMS.items():
        thing = None if name in NOT_IN_ALL_VERSIONS or transform.kind == "model" or not transform.wraps else find(name)
        if thing is None or not transform.functions or name.startswith("jaxopt."):
            continue
        first = list(inspect.signature(thing).parameters.values())[transform.functions[0].position]
        if (first.default is first.empty and first.kind != first.VAR_POSITIONAL) == transform.factory:
            wrong.append(name)
    assert set(wrong) <= {"jax.custom_gradient"}  # from JAX 0.12 on


def test_blackjax_takes_densities_where_the_table_says() -> None:
    blackjax = pytest.importorskip("blackjax")
    wrong = []
    for name, transform in BLACKJAX.items():
        made = getattr(blackjax, name.removeprefix("blackjax."))
        wrong += _misplaced(getattr(made, "differentiable", made), name, list(transform.functions), ())
    assert wrong == []


# -- which parameters become tracers -------------------------------------------------------------------------

TRACING: dict[str, tuple[Callable[[Any], Any], list[bool]]] = {
    "jax.jit": (lambda f: jax.jit(f)(X, 2.0), [True, True]),
    "jax.vmap": (lambda f: jax.vmap(f, (0, None))(X, 2.0), [True, False]),
    "jax.grad": (lambda f: jax.grad(f)(X, 2.0), [True, False]),
    "jax.vjp": (lambda f: jax.vjp(f, X, 2.0), [True, True]),
    "jax.linearize": (lambda f: jax.linearize(f, X, 2.0), [True, True]),
    "jax.checkpoint": (lambda f: jax.checkpoint(f)(X, 2.0), [True, True]),
    "jax.eval_shape": (lambda f: jax.eval_shape(f, X, 2.0), [True, True]),
    "jax.named_call": (lambda f: jax.named_call(f)(X, 2.0), [False, False]),
    "jax.pure_callback": (lambda f: jax.pure_callback(f, jax.ShapeDtypeStruct((), "float32"), X, 2.0), [False, False]),
    "jax.lax.scan": (lambda f: lax.scan(lambda c, x: (c * f(x, c), None), 2.0, X), [True, True]),
    "jax.lax.cond": (lambda f: lax.cond(True, f, f, X, 2.0), [True, True]),
    "jax.lax.fori_loop": (lambda f: lax.fori_loop(0, 3, lambda i, c: c + f(c, i), 2.0), [True, True]),
    "jax.lax.associative_scan": (lambda f: lax.associative_scan(lambda a, b: a + b * f(a, b), X), [False, False]),
    "jax.numpy.vectorize": (lambda f: jnp.vectorize(f)(X, 2.0), [True, False]),
}  # fmt: skip
X = jnp.arange(4.0)


@pytest.mark.parametrize("name", TRACING)
def test_parameters_become_tracers_as_the_table_says(name: str) -> None:
    seen: list[bool] = []

    def probe(*args: Any) -> Any:
        seen[:] = [isinstance(a, jax.core.Tracer) for a in args]
        return jnp.sum(jnp.asarray(args[0])) * 1.0

    run, expected = TRACING[name]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        run(probe)
    assert seen == expected
    traces = JAX[name].traces
    assert (traces in ("none", "given")) == (not any(expected))
    assert (traces == "all") == all(expected) or name == "jax.numpy.vectorize"


# -- what compiles again -------------------------------------------------------------------------------------


def double(x: Any) -> Any:
    return x * 2 + 1


def add(carry: Any, x: Any) -> Any:
    return carry + x, carry * x


class Holder:
    def double(self, x: Any) -> Any:
        return x * 2 + 1

    def add(self, carry: Any, x: Any) -> Any:
        return carry + x, carry * x


HOLDER = Holder()
ROWS: dict[str, tuple[Callable[[Any], Any], str]] = {
    "jit": (lambda f: jax.jit(f)(X), "double"),
    "pmap": (lambda f: jax.pmap(f)(X[None]), "double"),
    "body": (lambda f: lax.scan(f, jnp.float32(2), X), "add"),
    "always": (lambda f: lax.map(f, X), "double"),
    "callback": (lambda f: jax.pure_callback(f, X, X), "double"),
}
COLUMNS: dict[str, Callable[[str], Any]] = {
    "function": lambda name: globals()[name],
    "method": lambda name: getattr(HOLDER, name),
    "fresh": lambda name: lambda *args: globals()[name](*args),
    "partial": lambda name: functools.partial(globals()[name]),
}


@pytest.mark.parametrize("column", COLUMNS)
@pytest.mark.parametrize("row", ROWS)
@pytest.mark.skipif(sys.platform == "win32", reason="observes compiles")
def test_identities_are_what_the_caches_do(row: str, column: str, compiles: Callable[[], int]) -> None:
    run, name = ROWS[row]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for _ in range(2):
            run(COLUMNS[column](name))
        before = compiles()
        for _ in range(3):
            run(COLUMNS[column](name))
    assert compiles() - before == 3 * getattr(IDENTITIES[row], column)


_COUNT = [0]


def _count(name: str, *_: Any, **__: Any) -> None:
    _COUNT[0] += name.endswith("backend_compile_duration")


@pytest.fixture(scope="module", autouse=True)
def _listening() -> None:
    jax.monitoring.register_event_duration_secs_listener(_count)


@pytest.fixture
def compiles() -> Callable[[], int]:
    return lambda: _COUNT[0]


def test_every_identity_that_is_named_has_a_row() -> None:
    assert {t.identity for t in TRANSFORMS.values() if t.identity} <= set(IDENTITIES)
