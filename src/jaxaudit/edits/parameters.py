"""Parameters of a `def` or lambda: adding one, and handing all of them on; arguments of calls that bring it."""

import ast
import io
import tokenize
from dataclasses import dataclass
from typing import Literal

from jaxaudit.edits.arguments import add_keyword, arguments_of, opening_of
from jaxaudit.edits.edit import CannotEdit, Edit
from jaxaudit.edits.name_scopes import FunctionNode
from jaxaudit.edits.nodes import FUNCTIONS
from jaxaudit.edits.sequences import Item, add_item, items_between
from jaxaudit.edits.source_text import SourceText

Where = Literal["first", "last"]


@dataclass(frozen=True, slots=True)
class Header:
    """What stands between a function's parentheses (or between `lambda` and its colon): each parameter's range."""

    opening: int
    closing: int
    parts: tuple[tuple[int, int], ...]


def header_of(source: SourceText, function: FunctionNode) -> Header:
    """Found by Python's own tokens, so that strings, brackets and comments of defaults are no obstacle."""
    start = source.offset_of_bytes(function.lineno, function.col_offset)
    is_lambda = isinstance(function, ast.Lambda)
    depth, opening, begin = 0, -1, -1
    parts: list[tuple[int, int]] = []
    last = -1
    lead = source.line_of(start)
    text = "(" + source.text[start : source.end(function)]  # in brackets, where indentation has no meaning

    def offset(row: int, column: int) -> int:
        return start + column - 1 if row == 1 else source.line_starts[lead + row - 2] + column

    try:
        for token in tokenize.generate_tokens(io.StringIO(text, newline="").readline):
            if token.type in (tokenize.NL, tokenize.NEWLINE, tokenize.COMMENT, tokenize.INDENT, tokenize.DEDENT):
                continue
            here, after = offset(*token.start), offset(*token.end)
            if here < start:
                continue
            if opening < 0:
                if is_lambda and token.string == "lambda":
                    opening = after
                elif not is_lambda and token.string == "[":
                    depth += 1
                elif not is_lambda and token.string == "]":
                    depth -= 1
                elif not is_lambda and token.string == "(" and depth == 0:
                    opening = after
                continue
            if depth == 0 and token.string == (":" if is_lambda else ")"):
                if begin >= 0:
                    parts.append((begin, last))
                return Header(opening, here, tuple(parts))
            if depth == 0 and token.string == ",":
                parts.append((begin, last))
                begin = -1
                continue
            depth += (token.string in ("(", "[", "{")) - (token.string in (")", "]", "}"))
            begin, last = (here if begin < 0 else begin), after
    except (tokenize.TokenError, IndentationError, SyntaxError) as error:
        raise CannotEdit(f"the parameters of {_name(function)} were not found") from error
    raise CannotEdit(f"the parameters of {_name(function)} were not found")


def keyword_only(function: FunctionNode) -> bool:
    """Whether a parameter put last can only be given by its name: after defaults, or after `*args`."""
    given = function.args
    return bool(given.defaults or given.vararg or given.kwonlyargs)


def add_parameters(
    source: SourceText, function: FunctionNode, names: tuple[str, ...], where: Where = "last", after: int = 0
) -> tuple[Edit, ...]:
    """The function with more parameters. `after` counts the first ones (`self`) that stay before those put first.

    Put last, they come before `*args` only where no call could fill them by mistake, else by keyword only.
    """
    given = function.args
    taken = {one.arg for one in (*given.posonlyargs, *given.args, *given.kwonlyargs)}
    taken |= {one.arg for one in (given.vararg, given.kwarg) if one}
    clash = sorted(taken.intersection(names))
    if clash:
        raise CannotEdit(f"{_name(function)} has a parameter {clash[0]} already")
    head = header_of(source, function)
    positional = len(given.posonlyargs) + len(given.args)
    slashes = 1 if given.posonlyargs else 0
    words = ", ".join(names)
    if where == "first":
        if positional < after:
            raise CannotEdit(f"{_name(function)} takes its object in a way that is not understood")
        return _inserted(source, head, after, words, isinstance(function, ast.Lambda))
    if not keyword_only(function):
        return _inserted(source, head, positional + slashes, words, isinstance(function, ast.Lambda))
    stars = 1 if given.vararg or given.kwonlyargs else 0
    spot = positional + slashes + stars + len(given.kwonlyargs)
    return _inserted(source, head, spot, words if stars else f"*, {words}", isinstance(function, ast.Lambda))


def signature_text(source: SourceText, function: ast.FunctionDef) -> str:
    """`(scene, *, gain=1.0) -> Array`, as it is written."""
    head = header_of(source, function)
    returns = f" -> {source.of(function.returns)}" if function.returns else ""
    return f"({source.text[head.opening : head.closing]}){returns}"


def handed_on(function: FunctionNode, skip: int = 0) -> list[str]:
    """The arguments by which a wrapper with the same signature hands everything on."""
    given = function.args
    out = [one.arg for one in (*given.posonlyargs, *given.args)][skip:]
    if given.vararg:
        out.append(f"*{given.vararg.arg}")
    out += [f"{one.arg}={one.arg}" for one in given.kwonlyargs]
    if given.kwarg:
        out.append(f"**{given.kwarg.arg}")
    return out


def add_argument(
    source: SourceText, call: ast.Call, function: FunctionNode, names: tuple[str, ...], values: tuple[str, ...],
    skipped: int = 0,
) -> tuple[Edit, ...]:  # fmt: skip
    """A call that brings new last parameters: by position where all before them are, else by name.

    `skipped` parameters are filled by somebody else (`self` of a bound method).
    """
    given = function.args
    positional = len(given.posonlyargs) + len(given.args) - skipped
    plain = not call.keywords and not any(isinstance(one, ast.Starred) for one in call.args)
    if plain and not keyword_only(function) and len(call.args) == positional:
        return append_arguments(source, call, ", ".join(values))
    return by_keyword(source, call, names, values)


def by_keyword(source: SourceText, call: ast.Call, names: tuple[str, ...], values: tuple[str, ...]) -> tuple[Edit, ...]:
    if any(keyword.arg in names for keyword in call.keywords):
        raise CannotEdit(f"a call passes {names[0]} already")
    first, *rest = [f"{name}={value}" for name, value in zip(names, values)]
    name, _, value = ", ".join((first, *rest)).partition("=")
    return add_keyword(source, call, name, value)


def append_arguments(source: SourceText, call: ast.Call, words: str) -> tuple[Edit, ...]:
    if len(call.args) == 1 and isinstance(call.args[0], ast.GeneratorExp):
        raise CannotEdit("the call's only argument is a bare generator")
    opening = opening_of(source, call)
    items = items_between(source, opening, source.end(call) - 1, arguments_of(call))
    return add_item(source, items, opening, words)


def _inserted(source: SourceText, head: Header, index: int, words: str, is_lambda: bool) -> tuple[Edit, ...]:
    """New parameters before the part with this index (after all, where it is their number)."""
    if not head.parts:
        return (Edit(head.opening, head.opening, f" {words}" if is_lambda else words),)
    if index == 0:
        start = head.parts[0][0]
        return (Edit(start, start, f"{words}, "),)
    items = [Item(start, end, None) for start, end in head.parts[:index]]
    lines = {source.line_of(start) for start, _ in head.parts}
    own_lines = len(lines) == len(head.parts) and source.line_of(head.opening) not in lines
    if own_lines:
        begin = items[-1].start
        indent = source.text[source.line_starts[source.line_of(begin) - 1] : begin]
        return (Edit(items[-1].end, items[-1].end, f",{source.newline}{indent}{words}"),)
    return (Edit(items[-1].end, items[-1].end, f", {words}"),)


def _name(function: FunctionNode) -> str:
    return function.name if isinstance(function, FUNCTIONS) else "the lambda"
