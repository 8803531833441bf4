"""A function that keeps its name and its signature and hands the captured value to a jitted inner one."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

from jaxaudit.edits import CannotEdit, Edit, SourceText, fresh_name, insert_after, spell
from jaxaudit.edits.parameters import add_parameters, handed_on, keyword_only, signature_text
from jaxaudit.edits.source_text import lines_of
from jaxaudit.edits.statements import indent_of, indented
from jaxaudit.rules.captures.hoisting.chain import (
    Chain,
    Edits,
    add,
    own_object,
    parameters_of_taker,
)
from jaxaudit.rules.captures.hoisting.jits import (
    Jit,
    defaults_are_left_out,
    may_come_first,
    options_allow,
)
from jaxaudit.rules.captures.hoisting.project_code import Binding, Code, Mention, Ref
from jaxaudit.rules.captures.hoisting.way import Way, checked


def by_wrapper(code: Code, edits: Edits, ref: Ref, chains: list[Chain], jit: Jit) -> Way:
    """A function of the module: the jitted one becomes private, and one with the old name hands the captured value in."""
    source = code.source(ref.path)
    assert isinstance(ref.node, ast.FunctionDef)
    first = may_come_first(code, ref, jit)
    words = parameters_of_taker(chains)
    private = fresh_name(source, f"_{ref.name.lstrip('_')}" if not ref.name.startswith("_") else f"{ref.name}_jitted")
    at = Mention(ref.path, ref.node, "handed")
    values = [chain.value_at(edits, at, item, None) for chain in chains for item in chain.load.items]
    add(edits, ref.path, add_parameters(source, ref.node, words, "first" if first else "last"))
    add(edits, ref.path, (_renamed(source, ref.node, private),))
    given = values if first else [f"{word}={value}" for word, value in zip(words, values)]
    if defaults_are_left_out(code, ref, jit):
        for chain in chains:
            if chain.load.root.path == ref.path:
                bound_above(code, chain.load.root, source.start(ref.node))
        partial = spell(source, "functools.partial")
        add(edits, ref.path, partial.edits)
        add(
            edits,
            ref.path,
            apart_after(source, ref.node, f"{ref.name} = {partial.text}({private}, {', '.join(given)})", 2),
        )
        return checked(code, edits, private, "partial")
    arguments = ", ".join([*given, *handed_on(ref.node)] if first else _in_order(handed_on(ref.node), given))
    lines = [f"def {ref.name}{signature_text(source, ref.node)}:", *_docstring(source, edits, ref)]
    lines.append(f"    return {private}({arguments})")
    add(edits, ref.path, apart_after(source, ref.node, source.newline.join(lines), 2))
    return checked(code, edits, private, "wrapper")


def by_method(code: Code, edits: Edits, ref: Ref, chains: list[Chain], jit: Jit) -> Way:
    """A jitted method: a private one takes the arrays, and the one with the old name hands in those of its object."""
    source = code.source(ref.path)
    assert isinstance(ref.node, ast.FunctionDef)
    if defaults_are_left_out(code, ref, jit):
        raise CannotEdit(f"a default of `{ref.name}` would become an argument")
    own = own_object(code, ref)
    assert own is not None
    options_allow(code, [jit], appended=True)
    words = parameters_of_taker(chains)
    private = fresh_name(source, f"_{ref.name.strip('_')}" if not ref.name.startswith("_") else f"{ref.name}_jitted")
    values = [own.name + item.suffix for chain in chains for item in chain.load.items]
    by_name = keyword_only(ref.node)
    add(edits, ref.path, add_parameters(source, ref.node, words))
    add(edits, ref.path, (_renamed(source, ref.node, private),))
    given = [f"{word}={value}" for word, value in zip(words, values)] if by_name else values
    arguments = ", ".join(_in_order(handed_on(ref.node, skip=1), given))
    outer = source.text[
        source.line_starts[ref.node.lineno - 1] : source.offset_of_bytes(ref.node.lineno, ref.node.col_offset)
    ]
    signature = signature_text(source, ref.node).replace(source.newline + outer, source.newline)
    lines = [f"def {ref.name}{signature}:", *_docstring(source, edits, ref)]
    lines.append(f"    return {own.name}.{private}({arguments})")
    add(edits, ref.path, apart_after(source, ref.node, source.newline.join(lines), 1))
    return checked(code, edits, private, "wrapper")


def _in_order(handed: list[str], given: list[str]) -> list[str]:
    """New arguments behind all others, `**options` last."""
    stars = [one for one in handed if one.startswith("**")]
    return [*[one for one in handed if one not in stars], *given, *stars]


def _docstring(source: SourceText, edits: Edits, ref: Ref) -> Iterator[str]:
    """The docstring goes to the function that people see, where the other keeps a body without it."""
    node = ref.node
    assert isinstance(node, ast.FunctionDef)
    if ast.get_docstring(node, clean=False) is None or len(node.body) < 2:
        return
    first = node.body[0]
    inner = indent_of(source, first)
    outer = source.text[source.line_starts[node.lineno - 1] : source.offset_of_bytes(node.lineno, node.col_offset)]
    rest = _BLANK_LINES.match(source.text, source.end(first))
    if len(inner) - len(outer) != 4 or rest is None:
        return
    line_start = source.line_starts[source.line_of(source.start(first)) - 1]
    add(edits, ref.path, (Edit(line_start, rest.end(), ""),))
    for number, line in enumerate(lines_of(source.of(first))):
        yield f"    {line}" if not number else line.removeprefix(outer)


_BLANK_LINES = re.compile(r"(?:[ \t]*(?:\r\n|\r|\n))+")


def _renamed(source: SourceText, node: ast.FunctionDef, name: str) -> Edit:
    start = source.offset_of_bytes(node.lineno, node.col_offset)
    at = source.text.index(node.name, start + len("def"))
    return Edit(at, at + len(node.name), name)


def apart_after(source: SourceText, statement: ast.stmt, code: str, lines: int) -> tuple[Edit, ...]:
    """After a function, some empty lines apart from it."""
    [edit] = insert_after(source, statement, "pass")
    outer = indent_of(source, statement)
    text = indented(source, code, outer)
    after = source.text[edit.end :]
    gap = "" if not after.strip() or after.startswith(("\n", "\r")) else source.newline * lines
    if edit.start and source.text[edit.start - 1] not in "\r\n":
        return (Edit(edit.start, edit.end, source.newline * (lines + 1) + text.removesuffix(source.newline)),)
    return (Edit(edit.start, edit.end, source.newline * lines + text + gap),)


def bound_above(code: Code, root: Binding, at: int) -> None:
    names, source = code.names(root.path), code.source(root.path)
    if any(source.start(one) > at for one in names.bound_at(root.scope, root.name)):
        raise CannotEdit(f"`{root.name}` is bound after the function")
