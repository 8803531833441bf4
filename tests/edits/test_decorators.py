import ast

import pytest

from edits.marked_source import marked, written
from jaxaudit.edits import (
    CannotEdit,
    add_decorator,
    function_at,
    node_at,
    remove_decorator,
    replace_decorator,
    set_decorator_argument,
    swap_decorators,
)
from jaxaudit.edits.decorators import decorator_named

STACK = "import jax\n\n\nclass A:\n    @count  # every call\n    @jax.jit\n    def «f»(self): ...\n"


def function(program):
    source, place = marked(program)
    return source, function_at(source, place)


def test_swap_leaves_comments_where_they_are():
    source, node = function(STACK)
    after = written(source, swap_decorators(source, *node.decorator_list))
    assert "    @jax.jit  # every call\n    @count\n    def f" in after


def test_remove_first_and_last():
    source, node = function(STACK)
    first, last = node.decorator_list
    assert "class A:\n    @jax.jit\n    def f" in written(source, remove_decorator(source, node, first))
    assert "class A:\n    @count  # every call\n    def f" in written(source, remove_decorator(source, node, last))


def test_add_and_replace():
    source, node = function(STACK)
    assert "    @staticmethod\n    @count" in written(source, add_decorator(source, node, "staticmethod"))
    assert "    @eqx.filter_jit\n" in written(
        source, replace_decorator(source, node.decorator_list[1], "eqx.filter_jit")
    )


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("from dataclasses import dataclass\n@dataclass\nclass «A»: ...\n", "@dataclass(frozen=True)\n"),
        ("import dataclasses as d\n@d.dataclass()\nclass «A»: ...\n", "@d.dataclass(frozen=True)\n"),
        (
            "import dataclasses\n@dataclasses.dataclass(eq=False, frozen=False)\nclass «A»: ...\n",
            "(eq=False, frozen=True)\n",
        ),
    ],
)
def test_freeze_a_dataclass(before, after):
    source, place = marked(before)
    decorator = decorator_named(source, node_at(source, place, ast.ClassDef), "dataclasses.dataclass")
    assert after in written(source, set_decorator_argument(source, decorator, "frozen", "True"))


def test_no_such_decorator():
    source, node = function(STACK)
    with pytest.raises(CannotEdit, match=r"f has no decorator functools\.cache"):
        decorator_named(source, node, "functools.cache")
