"""What the tables say of array makers, tried on the installed jax.numpy and numpy."""

import inspect
import warnings
from collections.abc import Callable
from typing import Any

import numpy as np  # noqa: F401  (what the table's texts are evaluated with)
import pytest

from jaxaudit.source.knowledge import array_values
from jaxaudit.source.knowledge.arrays_of_jax import ARRAYS, SCALAR_TYPES
from jaxaudit.source.knowledge.transforms import JAX

jax = pytest.importorskip("jax")
jnp = jax.numpy
lax = jax.lax

# JAX came to these later, or NumPy 1 has not got them.
NOT_IN_ALL_VERSIONS = {
    "numpy.acos", "numpy.acosh", "numpy.asin", "numpy.asinh", "numpy.atan", "numpy.atan2", "numpy.atanh",
    "numpy.astype",
    "numpy.bitwise_count", "numpy.bitwise_invert", "numpy.bitwise_left_shift", "numpy.bitwise_right_shift",
    "numpy.concat",
    "numpy.cumulative_prod", "numpy.cumulative_sum", "numpy.from_dlpack", "numpy.matrix_transpose", "numpy.matvec",
    "numpy.permute_dims", "numpy.pow", "numpy.unique_all", "numpy.unique_counts", "numpy.unique_inverse",
    "numpy.isdtype",
    "numpy.unique_values", "numpy.unstack", "numpy.vecdot", "numpy.vecmat", "numpy.trapezoid", "numpy.row_stack",
    "numpy.random.random_integers", "numpy.random.ranf", "jax.numpy.bool_", "numpy.linalg.cross", "numpy.fix",
    "numpy.linalg.diagonal", "numpy.linalg.matmul", "numpy.linalg.matrix_norm", "numpy.linalg.matrix_transpose",
    "numpy.linalg.outer", "numpy.linalg.svdvals", "numpy.linalg.tensordot", "numpy.linalg.trace", "numpy.linalg.vecdot",
    "numpy.linalg.vector_norm", "jax.reshard", "jax.typeof", "jax.scipy.linalg.pascal", "numpy.random.random_sample",
}  # fmt: skip
MAKE_NO_ARRAYS = {
    "allclose", "array_equal", "array_equiv", "printoptions", "save", "savez", "set_printoptions", "minmax", "top_k",
}  # fmt: skip


def test_all_names_exist(missing: Callable[..., list[str]]) -> None:
    absent = set(missing([*ARRAYS, *SCALAR_TYPES, *array_values.HOST_RESULTS, *array_values.PYTHON_NUMBERS]))
    only_in_jax = {n for n in absent if n.startswith("numpy.") and hasattr(jnp, n.removeprefix("numpy."))}
    assert absent - only_in_jax - NOT_IN_ALL_VERSIONS - {"numpy.tau", "jax.numpy.tau"} == set()


def test_every_public_function_of_jax_numpy_is_known() -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        public = {
            n
            for n in dir(jnp)
            if not n.startswith("_") and callable(getattr(jnp, n)) and not inspect.isclass(getattr(jnp, n))
        }
    known = {n.removeprefix("jax.numpy.") for n in [*ARRAYS, *array_values.HOST_RESULTS, *JAX, *SCALAR_TYPES]}
    scalars = {n for n in public if type(getattr(jnp, n)).__name__ == "_ScalarMeta"}
    assert public - known - MAKE_NO_ARRAYS - scalars == set()


def test_shapes_and_dtypes_stand_where_the_table_says(find: Callable[[str], Any]) -> None:
    wrong = []
    for name, maker in ARRAYS.items():
        if name in NOT_IN_ALL_VERSIONS:
            continue
        try:
            parameters = list(inspect.signature(find(name)).parameters)
        except (TypeError, ValueError, Exception):
            continue
        wrong += [
            f"{name}: {keyword} is not at {position} of {parameters}"
            for position, keyword in ((maker.position, maker.keyword), maker.dtype)
            if keyword and position >= 0 and (keyword not in parameters or parameters.index(keyword) != position)
        ]
    assert wrong == []


W = jnp.asarray(1.0)
WI = jnp.asarray(1)
S = jnp.zeros(3)
I = jnp.arange(3)  # noqa: E741
WEAK = {
    "jax.numpy.asarray": [("jnp.asarray(1.0)", True), ("jnp.asarray([1.0])", False), ("jnp.asarray(True)", False),
                          ("jnp.asarray(1.0, dtype=float)", False), ("jnp.asarray(W)", True),
                          ("jnp.asarray(np.float32(1))", False)],
    "jax.numpy.array": [("jnp.array(1)", True), ("jnp.array([W, W])", False)],
    "jax.numpy.full": [("jnp.full((2,), 1.0)", True), ("jnp.full((2,), 1.0, dtype=float)", False)],
    "jax.numpy.zeros": [("jnp.zeros(())", False), ("jnp.zeros(2, int)", False)],
    "jax.numpy.ones_like": [("jnp.ones_like(W)", True), ("jnp.ones_like(S)", False)],
    "jax.numpy.exp": [("jnp.exp(1.0)", True), ("jnp.exp(W)", True), ("jnp.exp(S)", False)],
    "jax.numpy.where": [("jnp.where(True, 1.0, 0.0)", True), ("jnp.where(S > 0, 1.0, S)", False)],
    "jax.numpy.maximum": [("jnp.maximum(1.0, 2.0)", True), ("jnp.maximum(S, 2.0)", False)],
    "jax.numpy.sum": [("jnp.sum(W)", False)],
    "jax.numpy.mean": [("jnp.mean(W)", False)],
    "jax.numpy.stack": [("jnp.stack([W, W])", True)],
    "jax.numpy.reshape": [("jnp.reshape(W, (1,))", True)],
    "jax.numpy.astype": [("W.astype(float)", False)],
    "jax.numpy.linspace": [("jnp.linspace(0, 1, 3)", False)],
    "jax.numpy.arange": [("jnp.arange(3.0)", False)],
    "jax.device_put": [("jax.device_put(1.0)", True), ("jax.device_put(np.float32(1))", False)],
    "jax.random.normal": [("jax.random.normal(jax.random.key(0))", False)],
    "jax.lax.full": [("lax.full((2,), 1.0)", True)],
    "jax.lax.convert_element_type": [("lax.convert_element_type(W, jnp.float32)", False)],
    "jax.nn.relu": [("jax.nn.relu(1.0)", True)],
    "jax.nn.softmax": [("jax.nn.softmax(W[None])", False)],
}  # fmt: skip


@pytest.mark.parametrize("name", WEAK)
def test_weak_types_are_what_the_table_says(name: str) -> None:
    cases = WEAK[name]
    got = [bool(eval(text).weak_type) for text, _ in cases]
    assert got == [weak for _, weak in cases]
    assert (ARRAYS[name].weak == "strong") == (not any(got))


@pytest.mark.parametrize("name", sorted(array_values.STATIC_ATTRIBUTES - {"vma", "committed", "sharding"}))
def test_static_attributes_need_no_value(name: str) -> None:
    seen: list[Any] = []
    jax.make_jaxpr(lambda x: seen.append(getattr(x, name)) or x)(S)
    assert not isinstance(seen[0], jax.core.Tracer)


def test_methods_are_those_of_an_array() -> None:
    assert [m for m in array_values.ARRAY_METHODS if m not in dir(S)] == []
    assert [a for a in array_values.AT_METHODS if a not in dir(S.at[0])] == []
