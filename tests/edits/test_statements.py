import pytest

from edits.marked_source import marked, shown, written
from jaxaudit.edits import CannotEdit, SourceText, insert_after, insert_before, remove_statement, statement_at

REMOVED = [
    ("a = 1\n«b = 2»  # note\nc = 3\n", "a = 1\nc = 3\n"),
    ("a = 1; «b = 2»; c = 3\n", "a = 1; c = 3\n"),
    ("«a = 1»; b = 2\n", "b = 2\n"),
    ("a = 1; «b = 2»\n", "a = 1\n"),
    ("if x:\n    «b = 2»\nc = 3\n", "if x:\n    pass\nc = 3\n"),
    ("if x: «b = 2»\n", "if x: pass\n"),
    ("if x:\n    a = 1\nelse:\n    «b = 2»  # note\n", "if x:\n    a = 1\nelse:\n    pass  # note\n"),
    ("a = 1\n«f(\n    1,\n)»\nc = 3", "a = 1\nc = 3"),
    ("a = 1\n«b = 2»", "a = 1\n"),
    ("«b = 2»\n", ""),
    ("a = 1\r\n«b = 2»\r\nc = 3\r\n", "a = 1\r\nc = 3\r\n"),
]


@pytest.mark.parametrize(("before", "after"), REMOVED)
def test_remove(before, after):
    source, place = marked(before)
    assert written(source, remove_statement(source, statement_at(source, place))) == after


def test_insert_takes_indentation_and_newlines_of_the_place():
    source, place = marked("def f():\r\n    @d\r\n    def «g»(): pass\r\n    return g\r\n")
    node = statement_at(source, place)
    assert written(source, insert_before(source, node, "a = 1\nif a:\n    b = 2")) == (
        "def f():\r\n    a = 1\r\n    if a:\r\n        b = 2\r\n    @d\r\n    def g(): pass\r\n    return g\r\n"
    )
    assert "    def g(): pass\r\n    a = 1\r\n    return g" in written(source, insert_after(source, node, "a = 1"))


def test_insert_after_the_last_line_without_an_end():
    source, place = marked("a = 1\n«b = 2»  # end")
    assert written(source, insert_after(source, statement_at(source, place), "c = 3")) == "a = 1\nb = 2  # end\nc = 3"


@pytest.mark.parametrize("before", ["if x: «b = 2»\n", "a = 1; «b = 2»\n"])
def test_nothing_is_inserted_before_what_does_not_begin_its_line(before):
    source, place = marked(before)
    with pytest.raises(CannotEdit, match="does not begin its line"):
        insert_before(source, statement_at(source, place), "c = 3")


def test_an_elif_is_no_statement_of_its_own():
    source, _ = marked("if a:\n    b\nelif «c»:\n    d\n")
    with pytest.raises(CannotEdit, match="an elif"):
        remove_statement(source, source.tree.body[0].orelse[0])
    with pytest.raises(CannotEdit, match="an elif"):
        insert_before(source, source.tree.body[0].orelse[0], "x")


def test_the_text_outside_stays_byte_for_byte():
    text = shown("""
        x  =  1   # odd   spacing\t
        y = {  'a':1 }
        z = 3\t
    """)
    source = SourceText.from_text("m.py", text)
    assert written(source, remove_statement(source, source.tree.body[1])) == text.replace("y = {  'a':1 }\n", "")
