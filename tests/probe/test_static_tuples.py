"""What a static tuple holds is compared part by part, and named by its fields."""

from typing import Any, NamedTuple

import pytest

pytest.importorskip("jax")

from jaxaudit_probe import causes
from jaxaudit_probe.snapshots import Held, Leaf


class Optimiser(NamedTuple):
    init: Any
    update: Any


def make() -> Optimiser:
    def init(params: Any) -> Any:
        return params

    def update(grads: Any) -> Any:
        return grads

    return Optimiser(init, update)


def changes(one: Any, other: Any) -> list[tuple[str, str]]:
    leaves = [Leaf("static", static=Held(value)) for value in (one, other)]
    changes = [tell() for tell in causes.differences(leaves[0], leaves[1], "state.tx")]
    return [(change.leaf, change.what) for change in changes]


def test_new_functions_in_a_tuple_are_named_by_their_fields() -> None:
    one, other = make(), make()
    assert changes(one, other) == [("state.tx.init", "static-function"), ("state.tx.update", "static-function")]


def test_the_same_functions_are_the_same() -> None:
    one = make()
    assert changes(one, Optimiser(one.init, one.update)) == []


def test_plain_tuples_keep_their_values() -> None:
    assert changes((1, 2), (1, 3)) == [("state.tx", "static-value")]


def test_a_class_that_has_a_shape_is_no_array():
    import numpy as np

    from jaxaudit_probe.snapshots import tree

    assert "ndarray" in str(tree(np.ndarray, static=True))
