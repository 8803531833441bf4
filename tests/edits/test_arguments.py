import pytest

from edits.marked_source import marked, shown, written
from jaxaudit.edits import CannotEdit, add_keyword, call_at, remove_argument, rename_keyword, set_keyword


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("«f(a, k=1, b=2)»", "f(a, b=2)"),
        ("«f(a, k=1)»", "f(a)"),
        ("«f(k=1)»", "f()"),
        ("«f(k=1,)»", "f()"),
        ("«f(a, k=(1), )»", "f(a, )"),
        ("«f(a, k=lambda x: (x, 1), **rest)»", "f(a, **rest)"),
        ("«(f)(k = 1 , b=2)»", "(f)(b=2)"),
        ("«f(\n    a,\n    k=1,  # why\n    b=2,\n)»", "f(\n    a,\n    b=2,\n)"),
        ("«f(\n    a,\n    k=1,\n)»", "f(\n    a,\n)"),
        ("«f(\n    a,  # about a\n    k=1\n)»", "f(\n    a,  # about a\n    \n)"),
        ("«f(\n    a,\n    k=1\n)»", "f(\n    a\n)"),
    ],
)
def test_remove(before, after):
    source, place = marked(before)
    assert written(source, remove_argument(source, call_at(source, place), "k")) == after


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("«f()»", "f(k=1)"),
        ("«f(a)»", "f(a, k=1)"),
        ("«f(a,)»", "f(a, k=1)"),
        ("«f(a, b)»", "f(a, b, k=1)"),
        ("«f(a, **rest)»", "f(a, k=1, **rest)"),
        ("«f(\n    a,\n    b=2,\n)»", "f(\n    a,\n    b=2,\n    k=1,\n)"),
        ("«f(\n    a,\n    b=2\n)»", "f(\n    a,\n    b=2,\n    k=1\n)"),
        ("«f(a, (b))»", "f(a, (b), k=1)"),
    ],
)
def test_add(before, after):
    source, place = marked(before)
    assert written(source, add_keyword(source, call_at(source, place), "k", "1")) == after


def test_set_and_rename():
    source, place = marked("«f(a, k = old(1), b=2)»  # note\n")
    call = call_at(source, place)
    assert written(source, set_keyword(source, call, "k", "7")) == "f(a, k = 7, b=2)  # note\n"
    assert written(source, set_keyword(source, call, "c", "7")) == "f(a, k = old(1), b=2, c=7)  # note\n"
    assert written(source, rename_keyword(source, call, "k", "key")) == "f(a, key = old(1), b=2)  # note\n"


def test_what_is_missing_or_not_understood_is_refused():
    source, place = marked("«f(x for x in y)»")
    call = call_at(source, place)
    with pytest.raises(CannotEdit, match="bare generator"):
        add_keyword(source, call, "k", "1")
    with pytest.raises(CannotEdit, match="no argument k="):
        remove_argument(source, call, "k")


def test_comment_with_a_comma_between_arguments_is_not_taken_for_one():
    before = "«f(\n    a  # one, two\n    , k=1\n)»"
    source, place = marked(before)
    assert written(source, remove_argument(source, call_at(source, place), "k")) == shown(
        "f(\n    a  # one, two\n    , \n)"
    )
