import pytest

from edits.marked_source import marked, written
from jaxaudit.edits import add_element, expression_at, remove_element


@pytest.mark.parametrize(
    ("before", "index", "after"),
    [
        ('x = «("a", "b")»', 0, 'x = ("b",)'),
        ('x = «("a", "b")»', 1, 'x = ("a",)'),
        ('x = «("a", "b",)»', 1, 'x = ("a",)'),
        ('x = «("a", "b", "c")»', 1, 'x = ("a", "c")'),
        ('x = «("a",)»', 0, "x = ()"),
        ('x = «["a", "b"]»', 1, 'x = ["a"]'),
        ('x = «["a"]»', 0, "x = []"),
        ('x = «[\n    "a",\n    "b",  # two\n    "c",\n]»', 1, 'x = [\n    "a",\n    "c",\n]'),
    ],
)
def test_remove(before, index, after):
    source, place = marked(before)
    assert written(source, remove_element(source, expression_at(source, place), index)) == after


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ('x = «("a",)»', 'x = ("a", "n")'),
        ('x = «("a", "b")»', 'x = ("a", "b", "n")'),
        ("x = «()»", 'x = ("n",)'),
        ("x = «[]»", 'x = ["n"]'),
        ('x = «["a"]»', 'x = ["a", "n"]'),
        ('x = «[\n    "a",\n    "b",\n]»', 'x = [\n    "a",\n    "b",\n    "n",\n]'),
    ],
)
def test_add(before, after):
    source, place = marked(before)
    assert written(source, add_element(source, expression_at(source, place), '"n"')) == after
