"""Arguments of a call: adding, setting, renaming and removing them."""

import ast
from collections.abc import Sequence

from jaxaudit.edits.edit import CannotEdit, Edit
from jaxaudit.edits.expressions import replace
from jaxaudit.edits.sequences import Item, add_item, items_between, remove_item, skip_trivia
from jaxaudit.edits.source_text import SourceText

Argument = ast.expr | ast.keyword


def arguments_of(call: ast.Call) -> list[Argument]:
    """All arguments in the order in which they are written."""
    found: list[Argument] = [*call.args, *call.keywords]
    return sorted(found, key=lambda one: (one.lineno, one.col_offset))


def keyword_of(call: ast.Call, name: str) -> ast.keyword | None:
    return next((keyword for keyword in call.keywords if keyword.arg == name), None)


def need_keyword(call: ast.Call, name: str) -> ast.keyword:
    keyword = keyword_of(call, name)
    if keyword is None:
        raise CannotEdit(f"the call has no argument {name}=")
    return keyword


def remove_argument(source: SourceText, call: ast.Call, argument: str | Argument) -> tuple[Edit, ...]:
    """The call without one argument (a keyword's name, or the node itself), its comma, and its own line's comment."""
    node = need_keyword(call, argument) if isinstance(argument, str) else argument
    items = _items(source, call)
    return remove_item(source, items, [one is node for one in arguments_of(call)].index(True))


def rename_keyword(source: SourceText, call: ast.Call, old: str, new: str) -> tuple[Edit, ...]:
    start = source.start(need_keyword(call, old))
    return (Edit(start, start + len(old), new),)


def set_keyword(source: SourceText, call: ast.Call, name: str, value: str) -> tuple[Edit, ...]:
    """`name=value` in the call, whether it was there before or not."""
    keyword = keyword_of(call, name)
    return replace(source, keyword.value, value) if keyword else add_keyword(source, call, name, value)


def add_keyword(source: SourceText, call: ast.Call, name: str, value: str) -> tuple[Edit, ...]:
    """`name=value` as the last argument, before any `**options`."""
    if keyword_of(call, name):
        raise CannotEdit(f"the call already has {name}=")
    if len(call.args) == 1 and isinstance(call.args[0], ast.GeneratorExp) and not call.keywords:
        raise CannotEdit("the call's only argument is a bare generator")
    items, arguments = _items(source, call), arguments_of(call)
    unpacked = [i for i, one in enumerate(arguments) if isinstance(one, ast.keyword) and one.arg is None]
    if unpacked:
        start = items[unpacked[0]].start
        return (Edit(start, start, f"{name}={value}, "),)
    return add_item(source, items, opening_of(source, call), f"{name}={value}")


def add_argument(source: SourceText, call: ast.Call, value: str) -> tuple[Edit, ...]:
    """`value` as the last positional argument of a call that has no keywords."""
    if call.keywords:
        raise CannotEdit("the call has arguments by name")
    if len(call.args) == 1 and isinstance(call.args[0], ast.GeneratorExp):
        raise CannotEdit("the call's only argument is a bare generator")
    return add_item(source, _items(source, call), opening_of(source, call), value)


def opening_of(source: SourceText, call: ast.Call) -> int:
    """The offset after the call's opening parenthesis."""
    offset = skip_trivia(source.text, source.end(call.func))
    while source.text[offset] == ")":
        offset = skip_trivia(source.text, offset + 1)
    if source.text[offset] != "(":
        raise CannotEdit("the call's parenthesis was not found")
    return offset + 1


def _items(source: SourceText, call: ast.Call) -> Sequence[Item]:
    nodes = arguments_of(call)
    if len(nodes) == 1 and isinstance(nodes[0], ast.GeneratorExp):
        raise CannotEdit("the call's only argument is a bare generator")
    return items_between(source, opening_of(source, call), source.end(call) - 1, nodes)
