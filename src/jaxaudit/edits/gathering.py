"""Lists that take one result of each turn of a loop and are stacked afterwards, and the loop's body without them."""

import ast
from collections.abc import Sequence
from dataclasses import dataclass

from jaxaudit.edits.edit import CannotEdit, Edit
from jaxaudit.edits.imports import qualified_name, spell
from jaxaudit.edits.names import fresh_name
from jaxaudit.edits.nodes import block_of, statement_of
from jaxaudit.edits.source_text import SourceText
from jaxaudit.edits.statements import indent_of, remove_statement, string_over_lines

STACKS = ("jax.numpy.stack", "jax.numpy.array", "jax.numpy.asarray", "numpy.stack", "numpy.array", "numpy.asarray")


@dataclass(frozen=True, slots=True)
class Gathered:
    """One such list, which may start with a value. `last` is what its newest entry, `xs[-1]`, is called in the loop, where that
    reads it. Entries may be put in `front`, the newest first."""

    name: str
    start: ast.Assign
    append: ast.Expr
    value: ast.expr
    stacks: tuple[ast.Call, ...]
    first: ast.expr | None = None
    last: str = ""
    reads: tuple[ast.Subscript, ...] = ()
    front: bool = False

    @property
    def lines(self) -> range:
        return range(self.append.lineno, (self.append.end_lineno or self.append.lineno) + 1)


def starts_apart(source: SourceText, loop: ast.For) -> tuple[Edit, ...]:
    """`power, kept = [], []` before a loop that appends to them, as a statement for each."""
    filled = {
        one.value.func.value.id  # type: ignore[attr-defined]
        for one in loop.body
        if isinstance(one, ast.Expr) and (_is_append(one.value) or _is_put_in_front(one.value))
    }
    block = block_of(source, loop)
    edits: list[Edit] = []
    for one in block[: block.index(loop)]:
        match one:
            case ast.Assign(targets=[ast.Tuple(elts=names)], value=ast.Tuple(elts=values)):
                pass
            case _:
                continue
        bound = [name.id for name in names if isinstance(name, ast.Name)]
        plain = len(bound) == len(names) == len(values) and not any(isinstance(value, ast.Starred) for value in values)
        lists = [name for name, value in zip(bound, values) if isinstance(value, ast.List) and not value.elts]
        others = [value for value in values if not isinstance(value, ast.List | ast.Constant)]
        if plain and filled.intersection(lists) and not others:
            lines = "\n".join(f"{name} = {source.of(value)}" for name, value in zip(bound, values))
            indent = indent_of(source, one)
            edits.append(Edit(*source.span(one), lines.replace("\n", source.newline + indent)))
    return tuple(edits)


def gathered_in(source: SourceText, loop: ast.For, scope: ast.AST) -> tuple[Gathered, ...]:
    """The lists that the loop fills, in order of their appends; those that are used otherwise are left out."""
    found = [_gathered(source, loop, scope, one) for one in loop.body if isinstance(one, ast.Expr)]
    lists = [one for one in found if one is not None]
    names = [one.name for one in lists]
    return tuple(one for one in lists if names.count(one.name) == 1)


def _gathered(source: SourceText, loop: ast.For, scope: ast.AST, append: ast.Expr) -> Gathered | None:
    call = append.value
    front = _is_put_in_front(call)
    if not _is_append(call) and not front:
        return None
    assert isinstance(call, ast.Call) and isinstance(call.func, ast.Attribute)
    assert isinstance(call.func.value, ast.Name)
    name = call.func.value.id
    block = block_of(source, loop)
    before = [one for one in block[: block.index(loop)] if _starts(one, name)]
    if not before:
        return None
    start = before[-1]
    assert isinstance(start, ast.Assign) and isinstance(start.value, ast.List)
    first = start.value.elts[0] if start.value.elts else None
    again = _rebound(source, block[block.index(loop) + 1 :], name)
    until = source.end(again) if again is not None else len(source.text)
    known = [one for one in ast.walk(scope) if hasattr(one, "lineno") and source.end(one) <= until]
    uses = [one for one in known if isinstance(one, ast.Name) and one.id == name]
    uses = [one for one in uses if again is None or one is not again.targets[0]]
    stacks = [one for one in known if isinstance(one, ast.Call) and _stacks(source, one, name)]
    newest = [one for one in known if _is_newest(one, name, front)]
    inside = {id(one) for one in ast.walk(loop)}
    reads = [one for one in newest if id(one) in inside]
    later = [one for one in newest if id(one) not in inside and source.start(one) > source.end(loop)]
    if any(id(one) in inside for one in stacks) or len(uses) != 2 + len(stacks) + len(reads) + len(later) or not stacks:
        return None
    if (reads and first is None) or any(source.start(one) > source.start(append) for one in reads):
        in_value = [one for one in reads if id(one) in {id(node) for node in ast.walk(append)}]
        if first is None or len(in_value) != len([o for o in reads if source.start(o) > source.start(append)]):
            return None
    last = fresh_name(source, f"last_{name}") if reads else ""
    return Gathered(name, start, append, call.args[-1], tuple(stacks), first, last, tuple(reads), front)  # type: ignore[arg-type]


def _rebound(source: SourceText, following: Sequence[ast.stmt], name: str) -> ast.Assign | None:
    """`rows = jnp.stack(rows)`: the list is read for the last time there; later the name is the array's."""
    for one in following:
        match one:
            case ast.Assign(targets=[ast.Name(id=bound)], value=ast.Call() as call) if bound == name:
                return one if isinstance(one, ast.Assign) and _stacks(source, call, name) else None
        if any(isinstance(node, ast.Name) and node.id == name for node in ast.walk(one)):
            return None
    return None


def _is_append(node: ast.expr) -> bool:
    return (
        isinstance(node, ast.Call)
        and isinstance(node.func, ast.Attribute)
        and node.func.attr == "append"
        and isinstance(node.func.value, ast.Name)
        and len(node.args) == 1
        and not node.keywords
    )


def _is_put_in_front(node: ast.expr) -> bool:
    """`xs.insert(0, x)`"""
    match node:
        case ast.Call(
            func=ast.Attribute(value=ast.Name(), attr="insert"), args=[ast.Constant(value=0), _], keywords=[]
        ):
            return True
    return False


def _starts(statement: ast.stmt, name: str) -> bool:
    match statement:
        case ast.Assign(targets=[ast.Name(id=bound)], value=ast.List(elts=elements)):
            return bound == name and len(elements) < 2 and not any(isinstance(one, ast.Starred) for one in elements)
    return False


def _stacks(source: SourceText, call: ast.Call, name: str) -> bool:
    match call:
        case ast.Call(args=[given], keywords=[]):
            backward = _backward(given)
            list_ = backward if backward is not None else given
            is_it = isinstance(list_, ast.Name) and list_.id == name
            return is_it and qualified_name(source, call.func) in STACKS
    return False


def _backward(node: ast.expr) -> ast.expr | None:
    """The list in `xs[::-1]`, `list(reversed(xs))`."""
    match node:
        case ast.Subscript(
            value=given, slice=ast.Slice(lower=None, upper=None, step=ast.UnaryOp(op=ast.USub(), operand=step))
        ) if isinstance(step, ast.Constant) and step.value == 1:
            return given
        case ast.Call(
            func=ast.Name(id="list" | "tuple"),
            args=[ast.Call(func=ast.Name(id="reversed"), args=[given], keywords=[])],
            keywords=[],
        ):
            return given
    return None


def _is_newest(node: ast.AST, name: str, front: bool) -> bool:
    match node:
        case ast.Subscript(value=ast.Name(id=given), slice=ast.Constant(value=0)) if front:
            return given == name and isinstance(node.ctx, ast.Load)
        case ast.Subscript(value=ast.Name(id=given), slice=ast.UnaryOp(op=ast.USub(), operand=ast.Constant(value=1))):
            return given == name and isinstance(node.ctx, ast.Load) and not front
    return False


def body_of(source: SourceText, loop: ast.For, lists: Sequence[Gathered]) -> list[str]:
    """The body's lines, four blanks in, comments kept; of an append only the newest entry's new name is left."""
    first, last = loop.body[0], loop.body[-1]
    if first.lineno == loop.lineno:
        raise CannotEdit("the loop's body stands on its own line")
    if any(map(string_over_lines, loop.body)):
        raise CannotEdit("a string in the loop runs over several lines")
    start, end = source.line_of(source.start(first)), source.line_of(source.end(last))
    while source.line_text(start - 1).lstrip().startswith("#"):
        start -= 1
    begin = source.line_starts[start - 1]
    stop = source.line_starts[end] if end < len(source.line_starts) else len(source.text)
    edits = [Edit(*source.span(read), one.last) for one in lists for read in one.reads if not _in(read, one.append)]
    for one in lists:
        edits += _instead_of_append(source, one)
    shifted = [Edit(one.start - begin, one.end - begin, one.new) for one in edits]
    text = SourceText.from_text(source.path, source.text[begin:stop]).edited(shifted).text
    old = indent_of(source, first)
    lines = text.replace(source.newline, "\n").rstrip("\n").split("\n") if text.strip() else []
    return [
        " " * 4 + line[len(old) :] if line.startswith(old) else " " * 4 + line.lstrip() if line.strip() else ""
        for line in lines
    ]


def _instead_of_append(source: SourceText, one: Gathered) -> list[Edit]:
    if one.last:
        return [Edit(*source.span(one.append), f"{one.last} = {value_text(source, one)}")]
    start = source.line_starts[one.append.lineno - 1]
    line = one.lines[-1]
    stop = source.line_starts[line] if line < len(source.line_starts) else len(source.text)
    if source.text[start : source.start(one.append)].strip():
        raise CannotEdit("the append shares its line")
    return [Edit(start, stop, "")]


def value_text(source: SourceText, one: Gathered) -> str:
    """What is appended, the newest entry by its new name."""
    begin, end = source.span(one.value)
    edits = [
        Edit(source.start(read) - begin, source.end(read) - begin, one.last)
        for read in one.reads
        if _in(read, one.append)
    ]
    return SourceText.from_text(source.path, source.text[begin:end]).edited(edits).text


def _in(node: ast.AST, outer: ast.AST) -> bool:
    return any(one is node for one in ast.walk(outer))


def stacked(source: SourceText, one: Gathered) -> list[Edit]:
    """The list's start goes; what stacked it takes the loop's output, with the first value before it."""
    edits: list[Edit] = []
    text = one.name
    if one.first is None:
        edits += remove_statement(source, one.start)
    else:
        asarray, concatenate = spell(source, "jax.numpy.asarray"), spell(source, "jax.numpy.concatenate")
        before = fresh_name(source, f"first_{one.name}")
        edits += [*asarray.edits, *(edit for edit in concatenate.edits if edit not in asarray.edits)]
        names = f"{before} = {one.last}" if one.last else before
        edits.append(Edit(*source.span(one.start), f"{names} = {asarray.text}({source.of(one.first)})"))
        text = f"{concatenate.text}([{before}[None], {one.name}])"
    for call in one.stacks:
        turned = one.front != (_backward(call.args[0]) is not None)
        edits += _instead_of_stack(source, call, one.name, f"{text}[::-1]" if turned else text)
    return edits


def _instead_of_stack(source: SourceText, call: ast.Call, name: str, text: str) -> list[Edit]:
    """The loop's output; as an array of NumPy's where it was made one."""
    called = qualified_name(source, call.func) or ""
    if called.startswith("numpy."):
        asarray = spell(source, "numpy.asarray")
        return [*asarray.edits, Edit(*source.span(call), f"{asarray.text}({text})")]
    match statement_of(source, call):
        case ast.Assign(targets=[ast.Name(id=bound)], value=value) as statement if value is call and bound == text:
            return list(remove_statement(source, statement))
    return [Edit(*source.span(call), text)]
