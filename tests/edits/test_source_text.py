import ast

import pytest

from jaxaudit.edits import CannotEdit, Edit, SourceText, apply_edits
from jaxaudit.edits.edit import clash, difference, merge


def test_columns_are_characters_although_ast_counts_bytes():
    source = SourceText.from_text("m.py", "x = 'äöü€𝄞' + name\n")
    name = source.tree.body[0].value.right
    assert name.col_offset != source.text.index("name")
    assert source.of(name) == "name"
    assert source.position(source.start(name)) == (1, 15)
    assert source.place(name)[1:5] == (1, 15, 1, 19)


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_every_newline_style_is_kept(end):
    data = f"a = 1{end}b = '''x{end}y'''{end}c = 3{end}".encode()
    source = SourceText.from_bytes("m.py", data)
    assert source.newline == end
    last = source.tree.body[2].value
    assert source.edited((Edit(*source.span(last), "4"),)).data == data.replace(b"3", b"4")


def test_a_form_feed_ends_no_line():
    source = SourceText.from_text("m.py", "a = 1\n\x0cb = 2\nc = 3\n")
    assert source.of(source.tree.body[2]) == "c = 3"


def test_bom_and_cookie_survive():
    with_bom = SourceText.from_bytes("m.py", b"\xef\xbb\xbfa = 1\n")
    assert with_bom.edited((Edit(0, 1, "b"),)).data == b"\xef\xbb\xbfb = 1\n"
    latin = SourceText.from_bytes("m.py", "# coding: latin-1\na = 'é'; b = 2\n".encode("latin-1"))
    name = latin.tree.body[1].targets[0]
    assert latin.edited((Edit(*latin.span(name), "c"),)).data == "# coding: latin-1\na = 'é'; c = 2\n".encode("latin-1")
    with pytest.raises(CannotEdit, match="cannot hold the new text"):
        latin.edited((Edit(*latin.span(name), "λ"),))


@pytest.mark.parametrize("data", [b"\xff\xfe\x00", b"# coding: nonsense\n", b"x = '\xe4'\n"])
def test_undecodable_bytes_are_a_reason_not_a_crash(data):
    with pytest.raises(CannotEdit, match=r"m\.py cannot be decoded"):
        SourceText.from_bytes("m.py", data)


@pytest.mark.parametrize("text", ["def (:\n", "x = 1\x00\n", "(" * 5000])
def test_unparsable_text_is_a_reason_not_a_crash(text):
    with pytest.raises(CannotEdit, match="does not parse"):
        _ = SourceText.from_text("m.py", text).tree


def test_a_decorated_function_begins_at_its_decorator():
    source = SourceText.from_text("m.py", "x = 1\n@ (first)\n@second\ndef f(): pass\n")
    function = source.tree.body[1]
    assert isinstance(function, ast.FunctionDef)
    assert source.of(function).startswith("@ (first)")


def test_edits_apply_in_any_order_and_the_same_edit_once():
    assert apply_edits("abcdef", [Edit(4, 5, "E"), Edit(0, 1, "A"), Edit(4, 5, "E")]) == "AbcdEf"


def test_insertions_at_one_spot_keep_their_order_but_clash_between_findings():
    assert apply_edits("ab", [Edit(1, 1, "x"), Edit(1, 1, "y")]) == "axyb"
    assert clash(Edit(1, 1, "x"), Edit(1, 1, "y"))
    assert not clash(Edit(1, 1, "x"), Edit(1, 1, "x"))
    assert not clash(Edit(0, 1, ""), Edit(1, 2, ""))


def test_overlapping_edits_are_refused():
    with pytest.raises(CannotEdit, match="overlap at offset 2"):
        merge([Edit(0, 3, ""), Edit(2, 4, "")])


@pytest.mark.parametrize("name", ["idna", "utf-7", "nonsense"])
def test_an_encoding_that_cannot_be_edited_is_said(name):
    with pytest.raises(CannotEdit, match=r"a\.py cannot be decoded"):
        SourceText.from_bytes("a.py", f"# coding: {name}\n".encode() + b"x = '\xe9'\n")


@pytest.mark.parametrize("after", ["a\nB\nc", "", "x\na\nb\nc\n", "a\nc", "a\nb\nc"])
def test_the_difference_of_two_texts_makes_one_of_the_other(after):
    assert apply_edits("a\nb\nc", difference("a\nb\nc", after)) == after


def test_the_difference_leaves_other_lines_alone():
    assert difference("a\nb\nc\n", "a\nB\nc\n") == (Edit(2, 4, "B\n"),)
