"""Static fields that become leaves."""

import pytest

from jaxaudit.edits import CannotEdit, SourceText
from jaxaudit.edits.data_fields import made_data, on_the_device, static_field

HEAD = "from dataclasses import field\nimport equinox as eqx\nimport jax\nimport jax.numpy as jnp\nfrom flax import struct\n\n\n"


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("rate: float = eqx.field(static=True)", "rate: jax.Array = eqx.field(converter=jnp.asarray)"),
        (
            "rate: float = eqx.field(default=0.5, static=True)",
            "rate: jax.Array = eqx.field(default=0.5, converter=jnp.asarray)",
        ),
        ("rate: Any = eqx.static_field()", "rate: Any = eqx.field(converter=jnp.asarray)"),
        ("rate: float = struct.field(pytree_node=False)", "rate: float = struct.field()"),
        ("rate: float = struct.field(pytree_node=False, default=0.5)", "rate: float = struct.field(default=0.5)"),
        ('rate: float = field(metadata={"static": True})', "rate: float"),
        ("rate: float = field(metadata=dict(static=True))", "rate: float"),
        ('rate: float = field(default=0.5, metadata={"static": True})', "rate: float = field(default=0.5)"),
    ],
)
def test_a_field(before: str, after: str) -> None:
    source = SourceText.from_text("a.py", f"{HEAD}class Solver:\n    {before}\n    n: int = eqx.field(static=True)\n")
    node = static_field(source, "rate")
    assert node is not None
    assert source.edited(made_data(source, node)).text == source.text.replace(before, after)


def test_a_field_that_has_a_converter() -> None:
    source = SourceText.from_text(
        "a.py", f"{HEAD}class Solver:\n    rate: float = eqx.field(converter=float, static=True)\n"
    )
    node = static_field(source, "rate")
    assert node is not None
    with pytest.raises(CannotEdit, match="has a converter"):
        made_data(source, node)


@pytest.mark.parametrize(
    "text", ["rate: float", "rate: float = eqx.field(static=False)", "other: int = eqx.field(static=True)"]
)
def test_no_static_field(text: str) -> None:
    assert static_field(SourceText.from_text("a.py", f"{HEAD}class Solver:\n    {text}\n"), "rate") is None


def test_functions_of_math_that_read_it() -> None:
    source = SourceText.from_text(
        "a.py",
        "import math\nimport jax.numpy as jnp\n\nx = math.cos(self.angle) + math.atan2(1.0, view.angle) + math.sin(other)\n",
    )
    assert source.edited(on_the_device(source, "angle")).text.splitlines()[-1] == (
        "x = jnp.cos(self.angle) + jnp.arctan2(1.0, view.angle) + math.sin(other)"
    )
