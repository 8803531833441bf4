"""What a value is: whose array, of what shape, dtype and weak type; checked against JAX where it is installed."""

import pytest

from jaxaudit.source.kinds import Kind, kind_of, kind_supposing
from programs import bound, function, program_of


def kind(code: str) -> Kind:
    program = program_of(f"x = {code}")
    return kind_of(program, bound(program, "x"))


CODES = [
    "jnp.zeros((3, 4))", "jnp.asarray(1.0)", "jnp.array(1)", "jnp.ones(5, dtype=jnp.int32)", "jnp.arange(7)",
    "jnp.arange(0.0, 1.0, 0.25)", "jnp.linspace(0.0, 1.0, 11)", "jnp.eye(3)", "2.0 * jnp.asarray(1.0)",
    "jnp.asarray(1.0) * jnp.zeros(3)", "jnp.exp(jnp.asarray(1.0))", "jnp.ones((2, 3)).sum()", "jnp.ones((2, 3)) > 0",
    "jnp.ones((2, 3)).reshape(3, 2)", "jnp.ones((4, 1)) + jnp.ones(3)", "jnp.float32(1.0)", "jnp.ones((2, 3)).T",
    "jnp.zeros(3).astype(jnp.int32)", "jnp.ones((2, 3))[0]", "jnp.zeros(3).at[0].set(1.0)", "jnp.array([[1, 2], [3, 4]])",
    "jax.random.normal(jax.random.key(0), (3, 2))", "jnp.zeros_like(jnp.ones((2, 2)))", "jnp.asarray(np.ones((3, 2)))",
    "jnp.arange(3) / 2", "jnp.full((2,), 1.5)", "jnp.sqrt(jnp.arange(4))", "jnp.fft.fft(jnp.ones(4)).real",
    "jnp.abs(jnp.fft.fft2(jnp.ones((4, 4))))", "jnp.fft.rfft(jnp.ones(8))", "jnp.fft.irfft(jnp.ones(5))",
    "jnp.fft.fft(jnp.ones(4)).std()", "jnp.linalg.norm(jnp.fft.fft(jnp.ones(4)))", "jnp.angle(jnp.fft.fft(jnp.ones(4)))",
    "jnp.conj(jnp.fft.fft(jnp.ones(4)))", "np.ones(3) * jnp.asarray(1.0)", "jnp.power(2.0, jnp.arange(3))",
    "2.0 ** jnp.arange(3)", "jnp.nan_to_num(jnp.full((3,), 0.5))", "jnp.select([jnp.ones(3) > 0], [jnp.full((3,), 1.0)], 0.0)",
    "jax.lax.dynamic_update_slice(jnp.full((3,), 1.0), jnp.full((1,), 2.0), (0,))", "jnp.log2(jnp.asarray(2.0))",
    "jnp.split(jnp.full((3,), 1.0), 3)[0]", "jnp.asarray(1.0) > 0",
]  # fmt: skip


@pytest.mark.parametrize("code", CODES)
def test_arrays_are_as_jax_makes_them(code: str) -> None:
    jax = pytest.importorskip("jax")
    import numpy as np

    real = eval(code, {"jax": jax, "jnp": jax.numpy, "np": np})
    found = kind(code)
    assert found.what == "array"
    assert found.library == "jax"
    assert found.shape in (None, real.shape)
    assert found.dtype in ("", str(real.dtype))
    assert found.weak in (None, bool(real.weak_type))


@pytest.mark.parametrize(
    "code", ["jnp.zeros((3, 4))", "jnp.asarray(1.0)", "jnp.ones(5, dtype=jnp.int32)", "jnp.eye(3)"]
)
def test_common_ones_are_known_whole(code: str) -> None:
    found = kind(code)
    assert found.size is not None
    assert found.dtype
    assert found.weak is not None


WEAK = [
    "jnp.arange(3) * 0.1", "jnp.arange(3) + 0.5", "(jnp.ones(3) > 0) * 1.0", "jnp.where(jnp.ones(3) > 0, 1.0, 0.0)",
    "jnp.where(jnp.ones(3) > 0, jnp.arange(3), 0.5)", "jnp.maximum(jnp.arange(3), 0.5)", "jnp.arange(3) * jnp.pi",
    "jax.lax.select(jnp.asarray(True), jnp.asarray(1.0), jnp.asarray(2.0))", "jnp.full((4,), 0.5).reshape((2, 2))",
    "jnp.stack([jnp.asarray(1.0), jnp.asarray(2.0)])", "jnp.concatenate([jnp.full((2,), 1.0), jnp.full((2,), 2.0)])",
    "jnp.broadcast_to(jnp.asarray(1.0), (3,))", "jax.lax.dynamic_slice(jnp.full((3,), 0.5), (0,), (1,))",
]  # fmt: skip


@pytest.mark.parametrize("code", WEAK)
def test_what_is_weakly_typed_is_known_to_be(code: str) -> None:
    jax = pytest.importorskip("jax")
    assert eval(code, {"jax": jax, "jnp": jax.numpy}).weak_type
    assert kind(code).weak is True


@pytest.mark.parametrize(
    ("code", "what"),
    [("1", "int"), ("1.5", "float"), ("'a'", "str"), ("None", "none"), ("len([1])", "int"), ("jnp.pi", "float")],
)
def test_host_values(code: str, what: str) -> None:
    assert kind(code).what == what


def test_a_name_that_a_loop_rebinds_keeps_its_kind() -> None:
    program = program_of(
        """
        def f(n):
            y = jnp.zeros((5, 3))
            for t in range(n):
                y = y.at[t].set(y[t - 1] * 2.0)
            return y
        y = f(4)
        """
    )
    kind = kind_of(program, bound(program, "y"))
    assert (kind.what, kind.shape, kind.dtype, kind.weak) == ("array", (5, 3), "float32", False)


def test_what_is_supposed_of_a_parameter_is_forgotten_afterwards() -> None:
    program = program_of("def scaled(x, rate):\n    y = x * rate\n    return jnp.exp(y)\n")
    flow = function(program, "scaled").flow
    given = [
        (flow.bindings["x"][0], Kind("array", "jax", (), "float32", True)),
        (flow.bindings["rate"][0], Kind("float")),
    ]
    assert kind_supposing(program, flow.returns[0].value, given).weak is True
    strong = Kind("array", "jax", (), "float32", False)
    assert kind_supposing(program, flow.returns[0].value, [given[0], (flow.bindings["rate"][0], strong)]).weak is False
    assert kind_of(program, flow.returns[0].value).weak is None


def test_gradients_are_as_the_argument_and_the_value_as_the_function() -> None:
    program = program_of(
        """
        def loss(w, x):
            return jnp.mean((w * x) ** 2)
        w = jnp.asarray(1.0)
        g = jax.grad(loss)(w, jnp.ones(3))
        value, slope = jax.value_and_grad(loss)(w, jnp.ones(3))
        """
    )
    for name, weak in [("g", True), ("value", False), ("slope", True)]:
        kind = kind_of(program, bound(program, name))
        assert (kind.what, kind.dtype, kind.weak) == ("array", "float32", weak), name


def test_a_mapped_function_sees_one_slice() -> None:
    program = program_of(
        """
        def norm(x, w):
            return jnp.sum(x * w)
        def scaled(x):
            return 2.0 * x
        jax.vmap(scaled)(jnp.ones((5, 3)))
        jax.vmap(norm, in_axes=(0, None))(jnp.ones((5, 3)), jnp.ones(3))
        """
    )
    assert kind_of(program, bound(program, "x", "scaled")).shape == (3,)
    assert kind_of(program, bound(program, "w", "norm")).shape is None
