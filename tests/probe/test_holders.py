"""The name that holds a captured array, down to the leaf, and that nothing is kept alive by looking for it."""

import dataclasses
import functools
import gc
import weakref
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import pytest

jax = pytest.importorskip("jax")
eqx = pytest.importorskip("equinox")
import jax.numpy as jnp  # noqa: E402
import numpy as np  # noqa: E402

from jaxaudit_probe import hooks  # noqa: E402

TABLE = jnp.ones((40, 40))
NESTED = {"a": [jnp.ones((41, 41)), {"b": jnp.ones((42, 42))}]}
HOST = np.random.default_rng(0).normal(size=(43, 43))


class Told:
    def __init__(self) -> None:
        self.constants: list[dict[str, Any]] = []
        self.notes: list[str] = []

    def put(self, kind: str, **fields: Any) -> None:
        if kind == "constant":
            self.constants.append(fields)
        if kind == "note":
            self.notes.append(fields["text"])

    def at_end(self, callback: Callable[[], None]) -> None:
        pass

    def names(self) -> list[str]:
        assert self.notes == []
        return [one["holder"] + one["leaf"] for one in self.constants]


@pytest.fixture
def told() -> Iterator[Told]:
    listener = Told()
    hooks.install(listener)
    yield listener
    hooks.uninstall()


@dataclasses.dataclass(eq=False)
class Optics:
    psf: Any


class Simulator:
    def __init__(self) -> None:
        self.response = jnp.ones((44, 44))
        self.run = jax.jit(self.observed)

    def observed(self, x: Any) -> Any:
        return self.response @ x


def test_a_global_and_what_it_holds(told: Told) -> None:
    jax.jit(lambda x: TABLE @ x)(jnp.ones(40))
    jax.jit(lambda x: NESTED["a"][1]["b"] @ x)(jnp.ones(42))  # type: ignore[call-overload, index]
    assert told.names() == ["TABLE", "NESTED['a'][1]['b']"]


def test_numpy_is_known_in_spite_of_its_copy(told: Told) -> None:
    jax.jit(lambda x: HOST @ x)(jnp.ones(43))
    assert told.names() == ["HOST"]


class Tree(Mapping[str, Any]):
    """A mapping that keeps its items in a dict, as Flax's FrozenDict does."""

    __slots__ = ("_items",)

    def __init__(self, items: dict[str, Any]) -> None:
        self._items = items

    def __getitem__(self, key: str) -> Any:
        raise AssertionError("code of the user's is not run")

    def __iter__(self) -> Iterator[str]:
        raise AssertionError

    def __len__(self) -> int:
        raise AssertionError


class Network:
    """Holds its parameters in attributes that are nobody else's business while it is applied."""

    def apply(self, params: Tree, x: Any) -> Any:
        bound = Network()
        bound._scope = {"variables": params._items}  # type: ignore[attr-defined]
        return bound.forward(x)

    def forward(self, x: Any) -> Any:
        return self._scope["variables"]["kernel"] @ x  # type: ignore[attr-defined]


DOUBLE = np.random.default_rng(0).normal(size=(60, 45))
"""JAX makes its own copy of it, in float32."""
SINGLE = DOUBLE.astype(np.float32)
LARGE = np.arange(5_000_000.0)
ZEROS = np.zeros((60, 45))


@pytest.mark.parametrize(
    ("held", "use", "shape"),
    [
        ("DOUBLE", lambda x: x + DOUBLE, (60, 45)),
        ("DOUBLE", lambda x: x + jnp.asarray(DOUBLE), (60, 45)),
        ("DOUBLE", lambda x: x + jnp.array(DOUBLE, dtype=jnp.float32).ravel(), (60, 45)),
        ("DOUBLE", lambda x: x + DOUBLE.T, (45, 60)),
        ("DOUBLE", lambda x: x + DOUBLE.ravel(), (2700,)),
        ("DOUBLE", lambda x: x + DOUBLE[:, None], (60, 1, 45)),
        ("LARGE", lambda x: x + LARGE[:, None].T, (1, 5_000_000)),
        ("SINGLE", lambda x: x + SINGLE[10:50, 5:], (40, 40)),
        ("SINGLE", lambda x: x + SINGLE.T, (45, 60)),
    ],
)
def test_what_numpy_made_without_another_number(
    told: Told, held: str, use: Callable[[Any], Any], shape: tuple[int, ...]
) -> None:
    jax.jit(use).lower(1.0)
    (one,) = told.constants
    assert (one["holder"], one["leaf"], one["how"], tuple(one["shape"])) == (held, "", "global", shape)


@pytest.mark.parametrize(
    ("use", "how"),
    [
        (lambda x: x + DOUBLE * 2.0, "made"),
        (lambda x: x + np.roll(DOUBLE, 1), "made"),
        (lambda x: x + np.sqrt(np.abs(SINGLE)), "made"),
        (lambda x: x + np.zeros((45, 60)) + len(ZEROS), "created"),
    ],
)
def test_what_numpy_made_of_other_numbers_is_another_array(told: Told, use: Callable[[Any], Any], how: str) -> None:
    jax.jit(use).lower(1.0)
    assert [(one["holder"], one["how"]) for one in told.constants] == [("", how)]


@functools.cache
def table() -> Any:
    return np.random.default_rng(2).normal(size=(50, 45))


def test_a_local_name(told: Told) -> None:
    def product(matrix: Any, x: Any) -> Any:
        return matrix @ x

    def both(x: Any) -> Any:
        alias = SINGLE
        fetched = table()
        return product(alias, x), product(fetched, x)

    jax.jit(both).lower(jnp.ones(45))
    assert [(one["holder"], one["how"]) for one in told.constants] == [("SINGLE", "global"), ("fetched", "made")]


def test_a_local_name_of_what_an_object_holds(told: Told) -> None:
    class Tables:
        def __init__(self) -> None:
            self.by_name = {"a": jnp.ones((52, 45)), "b": jnp.zeros((53, 45))}

        def total(self, x: Any) -> Any:
            return sum((table @ x).sum() for table in self.by_name.values())

    jax.jit(Tables().total).lower(jnp.ones(45))
    assert [(one["holder"], one["leaf"], one["how"]) for one in told.constants] == [
        ("self", ".by_name['a']", "attribute"),
        ("self", ".by_name['b']", "attribute"),
    ]


def test_a_local_name_of_what_was_fetched(told: Told) -> None:
    kept = []

    @functools.cache
    def fetch() -> Any:
        return kept.pop()

    kept.append(jnp.ones((54, 45)))
    fetch()

    def use(x: Any) -> Any:
        matrix = fetch()
        return matrix @ x

    jax.jit(use).lower(jnp.ones(45))
    assert [(one["holder"], one["how"]) for one in told.constants] == [("matrix", "unknown")]


def test_what_the_user_closes_over_comes_before_private_attributes(told: Told) -> None:
    network, params = Network(), Tree({"kernel": jnp.ones((48, 48))})
    jax.jit(lambda x: network.apply(params, x))(jnp.ones(48))
    assert told.names() == ["params['kernel']"]
    assert told.constants[0]["how"] == "closure"


class Detector(eqx.Module):  # type: ignore[misc, name-defined]
    gain: Any
    dark: Any = eqx.field(static=True)

    def __call__(self, frame: Any) -> Any:
        return (frame - self.dark.psf) * self.gain


class Telescope(eqx.Module):  # type: ignore[misc, name-defined]
    detector: Detector


def test_an_array_in_the_metadata_of_an_argument(told: Told) -> None:
    telescope = Telescope(Detector(jnp.ones(()), Optics(np.ones((45, 45), np.float32))))
    eqx.filter_jit(lambda telescope, frame: telescope.detector(frame))(telescope, jnp.ones((45, 45)))
    jax.jit(lambda telescope, frame: telescope.detector(frame))(telescope, jnp.ones((45, 45)))
    assert told.names() == ["telescope.detector.dark.psf"] * 2
    assert {one["how"] for one in told.constants} == {"argument"}


def test_an_array_of_a_static_argument(told: Told) -> None:
    jax.jit(lambda optics, x: optics.psf @ x, static_argnums=0)(Optics(jnp.ones((46, 46))), jnp.ones(46))
    assert told.names() == ["optics.psf"]
    assert told.constants[0]["how"] == "argument"


def test_no_argument_brought_it(told: Told) -> None:
    def bound_before(x: Any, table: Any = TABLE) -> Any:
        return table @ x

    def static(apply: Any, x: Any) -> Any:
        return apply(x)

    jax.jit(bound_before)(jnp.ones(40))
    jax.jit(lambda table, x: (lambda table: table @ x)(TABLE) + table)(jnp.ones(40), jnp.ones(40))
    jax.jit(static, static_argnums=0)(Simulator().observed, jnp.ones(44))
    jax.jit(static, static_argnums=0)(functools.partial(jnp.matmul, jnp.ones((47, 47))), jnp.ones(47))
    assert "argument" not in {one["how"] for one in told.constants}


def test_the_default_of_a_parameter_by_its_name(told: Told) -> None:
    first, second = jnp.ones((41, 51)), jnp.ones((42, 51))

    def look(x: Any, scale: float = 2.0, table: Any = first, *, other: Any = second) -> Any:
        return x @ table[0, 0, None] * scale + other[0, 0]

    looked = {"look": look}
    jax.jit(lambda x: looked["look"](x).sum())(jnp.ones(1))
    assert sorted(told.names()) == ["looked['look'] (default: other)", "looked['look'] (default: table)"]


def test_self(told: Told) -> None:
    Simulator().run(jnp.ones(44))
    assert told.names() == ["self.response"]
    assert told.constants[0]["how"] == "attribute"


def test_a_closure_in_a_loop_body(told: Told) -> None:
    optics = Optics(jnp.ones((45, 45)))

    def step(x: Any, _: Any) -> Any:
        return optics.psf @ x, None

    jax.jit(lambda x: jax.lax.scan(step, x, None, length=2)[0])(jnp.ones(45))
    assert set(told.names()) == {"optics.psf"}


def test_a_model_under_filter_jit(told: Told) -> None:
    model = eqx.nn.MLP(46, 46, 46, 1, key=jax.random.key(0))
    eqx.filter_jit(lambda x: jax.vmap(model)(x))(jnp.ones((2, 46)))
    assert told.names() == ["model.layers[0].weight", "model.layers[1].weight"]


def test_what_partial_bound(told: Told) -> None:
    jax.jit(functools.partial(lambda matrix, x: matrix @ x, jnp.ones((47, 47))))(jnp.ones(47))
    assert (told.constants[0]["holder"], told.constants[0]["how"]) == ("matrix", "partial")


def test_made_inside_has_no_holder(told: Told) -> None:
    jax.jit(lambda x: jnp.array(np.full((48, 48), 2.0)) @ x)(jnp.ones(48))
    assert [one["how"] for one in told.constants] == ["created"]


def test_nothing_is_kept_alive(told: Told) -> None:
    def compiled() -> tuple[weakref.ref[Any], weakref.ref[Any]]:
        optics = Optics(jnp.ones((49, 49)))

        @jax.jit
        def image(x: Any) -> Any:
            return optics.psf @ x

        argument = jnp.ones(49)
        image(argument).block_until_ready()
        return weakref.ref(optics), weakref.ref(argument)

    references = compiled()
    jax.clear_caches()
    gc.collect()
    assert [one() for one in references] == [None, None]


def test_an_argument_that_a_loop_body_reads_is_no_constant(told: Told) -> None:
    def total(x: Any, matrix: Any) -> Any:
        return jax.lax.fori_loop(0, 3, lambda i, out: out.at[i].set((matrix[i] @ x).sum()), jnp.zeros(3))

    jax.jit(total)(jnp.ones(40), jnp.ones((3, 40, 40)))
    assert told.names() == []


class Mask:
    def __init__(self) -> None:
        self.table = jnp.ones((48, 48))

    def through(self, x: Any) -> Any:
        return self.table @ x


@dataclasses.dataclass(eq=False)
class Path:
    mask: Mask


def seen_through(path: Path, x: Any) -> Any:
    return path.mask.through(x)


def test_what_a_jitted_function_closes_over_is_named_there_and_not_as_self_in_a_method_it_calls(told: Told) -> None:
    def main() -> None:
        path = Path(Mask())
        jax.jit(lambda x: path.mask.through(x))(jnp.ones(48))
        jax.jit(lambda x: seen_through(path, x))(jnp.ones(48))

    main()
    assert told.names() == ["path.mask.table", "path.mask.table"]


def test_a_method_that_is_jitted_itself_still_has_its_self(told: Told) -> None:
    mask = Mask()
    jax.jit(mask.through)(jnp.ones(48))
    assert told.names() == ["self.table"]
