"""Shapes by indexing, grids, axes and products, against the real ones."""

import pytest

from jaxaudit.source.kinds import kind_of
from programs import bound, program_of

CODES = [
    "np.mgrid[:3, -1:1:5j]", "np.mgrid[2:9:2]", "np.ones((4, 5, 6))[1:3, None, ..., 0]", "np.ones((4, 5))[:, :-1]",
    "np.ones((4, 5))[np.arange(3)]", "np.ones((4, 5))[::2]", "np.ones((4, 5)).sum(axis=1)",
    "np.ones((4, 5)).sum(0, keepdims=True)",
    "np.ones((4, 5)) @ np.ones((5, 6))", "np.ones(5) @ np.ones((5, 6))", "np.dot(np.ones((4, 5)), np.ones(5))",
    "np.stack([np.ones(3), np.ones(3)], axis=1)", "np.concatenate([np.ones((2, 3)), np.ones((2, 3))])",
    "np.broadcast_to(np.ones(3), (4, 3))", "np.meshgrid(np.arange(3), np.arange(4))[0]",
    "np.meshgrid(np.arange(3), np.arange(4), indexing='ij')[1]", "np.random.default_rng(0).normal(0.0, 1.0, (3, 4))",
    "np.random.randn(3, 4)", "np.random.uniform(size=(3, 4))", "np.random.RandomState(0).rand(2, 3)",
    "np.linalg.eigh(np.eye(3))[1]",
]  # fmt: skip


@pytest.mark.parametrize("code", CODES)
def test_shapes_are_as_numpy_makes_them(code: str) -> None:
    np = pytest.importorskip("numpy")
    program = program_of(f"x = {code}")
    found = kind_of(program, bound(program, "x"))
    assert found.what == "array"
    assert found.shape == eval(code, {"np": np}).shape or ("eigh" in code and found.shape is None)


@pytest.mark.parametrize("code", ["np.ones((4, 5))[np.ones((4, 5)) > 0]", "np.ones((4, 5))[:n]", "np.ones((4, 5))[i]"])
def test_a_shape_that_depends_on_values_is_not_guessed(code: str) -> None:
    program = program_of(f"def f(n, i):\n    x = {code}\n")
    value = program.by_path[next(iter(program.by_path))].functions[0].flow.bindings["x"][0]
    shape = kind_of(program, value).shape
    assert shape is None or None in shape


def test_a_class_with_its_own_init_takes_no_fields_from_its_arguments() -> None:
    program = program_of(
        """
        import equinox as eqx

        class Grid(eqx.Module):
            points: jax.Array

            def __init__(self, n):
                self.points = jnp.zeros((n, 3))

        grid = Grid(7)
        x = grid.points
        """
    )
    assert kind_of(program, bound(program, "x")).shape == (7, 3)
