import ast

import pytest

from edits.marked_source import marked, written
from jaxaudit import edits
from jaxaudit.edits import CannotEdit, call_at, enclosing, loop_at, node_at, replace_expression, statement_of, wrap


def test_the_smallest_node_that_holds_the_place():
    source, place = marked("for i in r:\n    f(g(a«b»c), 1)\n")
    assert source.of(call_at(source, place)) == "g(abc)"
    assert isinstance(loop_at(source, place), ast.For)
    assert source.of(statement_of(source, call_at(source, place))) == "f(g(abc), 1)"


def test_a_call_in_a_text_is_that_call_and_no_other():
    source, place = marked("print(f'at {y} it is {«f(y, 1)»[0]:.2f}', f'{y}')\n")
    assert source.of(call_at(source, place)) == "f(y, 1)"


def test_decorators_and_keywords_are_found():
    source, place = marked("@d(k=«x»)\ndef f(): pass\n")
    assert source.of(node_at(source, place, ast.keyword)) == "k=x"
    assert enclosing(source, call_at(source, place), ast.FunctionDef).name == "f"


def test_nothing_there_is_said():
    source, place = marked("a = «1»\n")
    with pytest.raises(CannotEdit, match=r"no Call at m\.py:1:5: the file is not the one that was checked"):
        call_at(source, place)
    with pytest.raises(CannotEdit, match="has no line 9"):
        call_at(source, place._replace(line=9, end_line=9))


def test_replace_and_wrap():
    source, place = marked("x = (é + «[f(i) for i in r]»)  # c\n")
    node = node_at(source, place, ast.ListComp)
    assert written(source, replace_expression(source, place, "y")) == "x = (é + y)  # c\n"
    assert written(source, wrap(source, node, "jnp.stack(", ")")) == "x = (é + jnp.stack([f(i) for i in r]))  # c\n"


def test_every_verb_is_where_the_list_says():
    assert all(callable(getattr(edits, name)) for name in edits.__all__)
    with pytest.raises(AttributeError):
        _ = edits.nonsense
