"""Texts that source puts together: sums, joins, f-strings, lists of words, with the literals that they are made of."""

import re
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from jaxaudit.model.flag import HOLE
from jaxaudit.source import calls as c
from jaxaudit.source import values as v
from jaxaudit.source.program import Program
from jaxaudit.source.provenance import expand, returned, roots

DEEPEST = 12
MOST_TEXTS = 24
"""So many ways in which a text may come out are looked at."""
MOST_PIECES = 400

_SAME = ("strip", "lstrip", "rstrip", "lower", "format", "encode")
_FORMAT = re.compile(r"%[-+ #0]*[\d.]*[diouxXeEfFgGcrsa]|\{[^{}]*\}")


class Piece(NamedTuple):
    """A part of a text, and the literal in which it is written; `HOLE` stands for what only a run knows."""

    text: str
    literal: v.Const | None


Text = tuple[Piece, ...]

UNKNOWN: Text = (Piece(HOLE, None),)


def whole(text: Text) -> str:
    return "".join([piece.text for piece in text])


def literal_at(text: Text, offset: int) -> v.Const | None:
    """The literal that holds the sign at an offset of the whole."""
    for piece in text:
        if offset < len(piece.text):
            return piece.literal
        offset -= len(piece.text)
    return None


def texts(program: Program, value: v.Value, depth: int = 0) -> list[Text]:
    """The texts that a value may be: at least one, if only a hole."""
    if isinstance(value, v.Const):
        return [_constant(value)]
    if depth > DEEPEST:
        return [UNKNOWN]
    if isinstance(value, v.Text):
        return combined([texts(program, piece, depth + 1) for piece in value.pieces])
    if isinstance(value, v.Op):
        if value.name == "Add":
            return combined([texts(program, operand, depth + 1) for operand in value.operands])
        if value.name == "Mod":
            return _of_remainder(program, value, depth)
        if value.name in ("Or", "And"):
            return [text for operand in value.operands for text in texts(program, operand, depth + 1)]
        return [UNKNOWN]
    if isinstance(value, v.Call):
        return _of_call(program, value, depth)
    steps = expand(program, value)
    if not steps and isinstance(value, v.Param):
        steps = tuple([source for _, source in program.sources(value)])
    if not steps and isinstance(value, v.Item):
        steps = pair_parts(program, value)
    found = [text for step in steps[:MOST_TEXTS] for text in texts(program, step, depth + 1)]
    return found[:MOST_TEXTS] or [UNKNOWN]


def combined(parts: Sequence[list[Text]]) -> list[Text]:
    """One text after the other: the first of each, and then each other way of one part at a time."""
    if sum([len(part) for part in parts]) > MOST_PIECES:
        return [UNKNOWN]
    first = [part[0] for part in parts]
    out = [tuple([piece for text in first for piece in text])]
    for index, part in enumerate(parts):
        for other in part[1:]:
            if len(out) < MOST_TEXTS:
                chosen = [*first[:index], other, *first[index + 1 :]]
                out.append(tuple([piece for text in chosen for piece in text]))
    return out


def _constant(value: v.Const) -> Text:
    if isinstance(value.value, str):
        return (Piece(value.value, value if value.expr is not None and value.flow is not None else None),)
    return (Piece(str(value.value), None),)


def _of_call(program: Program, call: v.Call, depth: int) -> list[Text]:
    name = c.known_name(program, call.func)
    if name in ("os.environ.get", "os.getenv"):
        default = call.argument(1, "default")
        return [UNKNOWN, *(texts(program, default, depth + 1) if default is not None else [])]
    if name in ("builtins.str", "textwrap.dedent") and call.args:
        return texts(program, call.args[0], depth + 1)
    if isinstance(call.func, v.Attr):
        base = call.func.base
        if call.func.name == "join" and call.args:
            return _joined(texts(program, base, depth + 1)[0], items(program, call.args[0], depth + 1))
        if call.func.name in _SAME:
            found = texts(program, base, depth + 1)
            if call.func.name != "format":
                return found
            filling = [texts(program, argument, depth + 1) for argument in call.args]
            return [way for text in found for way in filled(text, filling)][:MOST_TEXTS]
        if call.func.name == "replace":
            return texts(program, base, depth + 1)
    found = [text for one in returned(program, call)[:MOST_TEXTS] for text in texts(program, one, depth + 1)]
    return found[:MOST_TEXTS] or [UNKNOWN]


def _of_remainder(program: Program, value: v.Op, depth: int) -> list[Text]:
    """`"--%s=%d" % (name, 4)`."""
    right = value.operands[1]
    arguments = right.items if isinstance(right, v.Sequence) else (right,)
    filling = [texts(program, argument, depth + 1) for argument in arguments]
    return [way for text in texts(program, value.operands[0], depth + 1) for way in filled(text, filling)][:MOST_TEXTS]


def filled(text: Text, filling: Sequence[list[Text]]) -> list[Text]:
    """A text with each `{}` or `%s` replaced, in their order, by what is filled in; by holes where that is not known."""
    rest = list(filling)
    parts: list[list[Text]] = []
    for piece in text:
        at = 0
        for mark in _FORMAT.finditer(piece.text):
            parts.append([(piece._replace(text=piece.text[at : mark.start()]),)])
            parts.append(rest.pop(0) if rest and mark[0] in ("{}", "%s", "%d", "%i") else [UNKNOWN])
            at = mark.end()
        parts.append([(piece._replace(text=piece.text[at:]),)])
    return combined(parts)


def _joined(between: Text, parts: list[list[Text]]) -> list[Text]:
    woven: list[list[Text]] = []
    for part in parts:
        woven += [[between], part] if woven else [part]
    return combined(woven) if woven else [UNKNOWN]


def items(program: Program, value: v.Value, depth: int) -> list[list[Text]]:
    """The items of a list of texts, in their order: as it is written, and what is appended to it later."""
    out: list[list[Text]] = []
    for source in _lists(program, value, depth):
        if isinstance(source, v.Sequence):
            for item in source.items:
                if isinstance(item, v.Star):
                    out += items(program, item.value, depth + 1) if depth < DEEPEST else [[UNKNOWN]]
                else:
                    out.append(texts(program, item, depth + 1))
            for more in appended(source):
                out += items(program, more, depth + 1) if isinstance(more, v.Sequence) else []
                out += [] if isinstance(more, v.Sequence) else [texts(program, more, depth + 1)]
        elif isinstance(source, v.Comprehension):
            out += [[text] for text in texts(program, source.element, depth + 1)]
        elif isinstance(source, v.Mapping):
            out += [texts(program, key, depth + 1) for key, _ in source.pairs if key is not None]
        else:
            out.append([UNKNOWN])
        if len(out) > MOST_PIECES:
            break
    return out


def _lists(program: Program, value: v.Value, depth: int) -> Iterator[v.Value]:
    for root in roots(program, value):
        if isinstance(root, v.Op) and root.name == "Add" and depth < DEEPEST:
            for operand in root.operands:
                yield from _lists(program, operand, depth + 1)
        elif isinstance(root, v.Call) and root.args and c.known_name(program, root.func) in _LISTS and depth < DEEPEST:
            yield from _lists(program, root.args[0], depth + 1)
        else:
            yield root


_LISTS = frozenset({"builtins.list", "builtins.tuple", "builtins.sorted", "builtins.set"})


def appended(listed: v.Sequence) -> Iterator[v.Value]:
    """What `append`, `extend` and `insert` add to a list in the scope that made it."""
    if listed.kind != "list" or listed.flow is None:
        return
    for call in listed.flow.calls:
        if isinstance(call.func, v.Attr) and call.func.base is listed and call.args:
            if call.func.name in ("append", "extend"):
                yield call.args[0]
            elif call.func.name == "insert" and len(call.args) > 1:
                yield call.args[1]


def pair_parts(program: Program, item: v.Item) -> tuple[v.Value, ...]:
    """`for key, value in table.items()`: the keys or the values of a dict that is written out."""
    if not isinstance(item.base, v.Elem) or not isinstance(item.index, v.Const) or item.index.value not in (0, 1):
        return ()
    call = v.settle(item.base.iterable)
    if not isinstance(call, v.Call) or not isinstance(call.func, v.Attr) or call.func.name != "items":
        return ()
    tables = [root for root in roots(program, call.func.base) if isinstance(root, v.Mapping)]
    pairs = [pair for table in tables for pair in table.pairs]
    return tuple([part for pair in pairs if (part := pair[item.index.value]) is not None])
