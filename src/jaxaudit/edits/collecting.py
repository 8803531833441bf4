"""What each turn appends to a list, adds up or stores is kept as it comes, and worked out behind the loop in the same order."""

import ast
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import NamedTuple

from jaxaudit.edits.edit import CannotEdit, Edit
from jaxaudit.edits.expressions import replace
from jaxaudit.edits.imports import qualified_name
from jaxaudit.edits.name_scopes import Names
from jaxaudit.edits.names import fresh_name
from jaxaudit.edits.source_text import SourceText
from jaxaudit.edits.statements import string_over_lines

PLAIN_CALLS = frozenset({"round", "abs", "float", "int", "bool", "str", "max", "min", "dict", "tuple"})
RECORDS = frozenset({"typing.NamedTuple", "dataclasses.dataclass"})
_LINE_BREAK = re.compile(r"\s*[\r\n]\s*")
STAYS = "the loop goes on working with the Python number"


@dataclass(frozen=True, slots=True)
class Hole:
    """A place for a fetched value: `text` is the value on the device, `of` what the fetch makes of a name for it."""

    text: str
    of: Callable[[str], str]


@dataclass(frozen=True, slots=True)
class Collected:
    """`name` holds the values until the loop has ended."""

    edits: tuple[Edit, ...]
    before: str
    behind: str
    name: str


class _Item(NamedTuple):
    """A part that is kept in each turn: a fetched value, or what stands beside it."""

    node: ast.expr
    text: str
    of: Callable[[str], str] | None


class Collector:
    """Takes the statements of one loop."""

    def __init__(self, source: SourceText, names: Names, loop: ast.For | ast.While, get: str, given: set[str]) -> None:
        self.source, self.names, self.loop, self.get, self.given = source, names, loop, get, given

    def collect(self, statement: ast.stmt, holes: Mapping[ast.AST, Hole]) -> Collected:
        """CannotEdit where the loop itself needs the value."""
        match statement:
            case ast.Expr(value=ast.Call(func=ast.Attribute(value=kept, attr="append"), args=[value], keywords=[])):
                if isinstance(kept, ast.Name) or _key(kept) is not None:
                    return self._appended(kept, value, holes)
            case ast.AugAssign(target=target, op=ast.Add() | ast.Sub(), value=value):
                sign = "+=" if isinstance(statement.op, ast.Add) else "-="
                return self._one_by_one(statement, target, sign, value, holes)
            case ast.Assign(targets=[ast.Subscript() as target], value=value):
                return self._one_by_one(statement, target, "=", value, holes)
            case ast.Expr(value=ast.Call(func=func)) if qualified_name(self.source, func) == "print":
                raise CannotEdit("it is printed in each turn, which is what it is fetched for")
            case ast.If() | ast.While() | ast.Assert():
                raise CannotEdit("it decides what the next turn does")
        raise CannotEdit(STAYS)

    def _appended(self, kept: ast.expr, value: ast.expr, holes: Mapping[ast.AST, Hole]) -> Collected:
        """`losses.append(float(x))`: the list holds device values while the loop runs."""
        self._only_use(kept)
        self._must_begin_empty(kept)
        items = self._items(value, holes)
        name = self.source.of(kept)
        edits = replace(self.source, value, self._kept_as(items))
        if len(items) == 1:
            one = fresh_name(self.source, "one")
            made = self._worked_out(value, items, [one])
            return Collected(edits, "", f"{name} = {self.get}({name})\n{name} = [{made} for {one} in {name}]", name)
        host = self._fresh("on_host")
        words = self._words(items)
        made = self._worked_out(value, items, words)
        behind = f"{host} = {self.get}([{_fetched(items, 'one')} for one in {name}])\n"
        behind += f"{name} = [{made} for {_others(items, words)}, {_values(items, words)} in zip({name}, {host})]"
        return Collected(edits, "", behind, name)

    def _one_by_one(
        self, statement: ast.stmt, target: ast.expr, sign: str, value: ast.expr, holes: Mapping[ast.AST, Hole]
    ) -> Collected:
        """`total += float(x)`, `seen[i] = float(x)`: a list beside it, and the same again behind the loop."""
        self._only_use(target)
        items = self._index_items(target, holes) + self._items(value, holes, worked_out=True)
        base = _base(target).id
        parts = self._fresh(f"{base}_parts")
        words = [self._fresh("one" if len(items) == 1 else word) for word in self._words(items)]
        made = self._worked_out(value, items, words)
        where = f"[{self._worked_out(target.slice, items, words)}]" if isinstance(target, ast.Subscript) else ""
        done = f"{base}{where} {sign} {made}"
        edits = replace(self.source, statement, f"{parts}.append({self._kept_as(items)})")
        before = f"{parts} = []"
        if len(items) == 1:
            behind = f"{parts} = {self.get}({parts})\nfor {words[0]} in {parts}:\n    {done}"
        else:
            host, one = self._fresh("on_host"), self._fresh("one")
            behind = f"{host} = {self.get}([{_fetched(items, one)} for {one} in {parts}])\n"
            behind += f"for {_others(items, words)}, {_values(items, words)} in zip({parts}, {host}):\n    {done}"
        return Collected(edits, before, behind, parts)

    def _index_items(self, target: ast.expr, holes: Mapping[ast.AST, Hole]) -> list[_Item]:
        match target:
            case ast.Name():
                return []
            case ast.Subscript(value=ast.Name(), slice=index) if not any(
                isinstance(one, ast.Slice) for one in ast.walk(index)
            ):
                return self._items(index, holes, worked_out=True)
        raise CannotEdit(STAYS)

    # -- what is kept ---------------------------------------------------------------------------------------------------

    def _items(self, value: ast.expr, holes: Mapping[ast.AST, Hole], worked_out: bool = False) -> list[_Item]:
        """What of an expression is kept in each turn, in its order: what it fetches, and what only this turn knows.
        `worked_out`: something is computed of it, for which it must not change until the loop has ended.
        """
        if value in holes:
            return [_Item(value, holes[value].text, holes[value].of)]
        if not any(one in holes for one in ast.walk(value)):
            return self._beside(value, worked_out)
        match value:
            case ast.Tuple(elts=parts) | ast.List(elts=parts):
                inner = parts
            case ast.Dict(keys=keys, values=values):
                inner = [part for pair in zip(keys, values) for part in pair if part is not None]
                if len(inner) < 2 * len(values):
                    raise CannotEdit(STAYS)
            case ast.BinOp(left=left, right=right):
                inner, worked_out = [left, right], True
            case ast.UnaryOp(operand=operand):
                inner, worked_out = [operand], True
            case ast.Call(func=func, args=args, keywords=keywords) if self._is_plain(func):
                inner = [*args, *(one.value for one in keywords if one.arg)]
                worked_out = worked_out or not self._is_record(func)
                if len(inner) < len(args) + len(keywords):
                    raise CannotEdit(STAYS)
            case _:
                raise CannotEdit(STAYS)
        return [item for part in inner for item in self._items(part, holes, worked_out)]

    def _beside(self, value: ast.expr, worked_out: bool) -> list[_Item]:
        if isinstance(value, ast.Starred):
            raise CannotEdit(STAYS)
        if all(
            isinstance(one, ast.Constant | ast.Tuple | ast.expr_context | ast.UnaryOp | ast.unaryop)
            for one in ast.walk(value)
        ):
            return []
        if worked_out:
            self._must_stay(value)
        return [_Item(value, self.source.of(value), None)]

    def _must_stay(self, value: ast.expr) -> None:
        """What it reads is not changed in place by a later turn."""
        for one in ast.walk(value):
            if isinstance(one, ast.Call) and not (
                isinstance(one.func, ast.Name) and one.func.id in ("len", *PLAIN_CALLS)
            ):
                raise CannotEdit(f"what line {one.lineno} calls beside the fetch may give something that changes")
        read = {one.id for one in ast.walk(value) if isinstance(one, ast.Name)}
        for changed in _changed_in(self.loop):
            if changed.id in read and not self._is_count(changed):
                raise CannotEdit(f"line {changed.lineno} changes what stands beside the fetch")

    def _is_count(self, name: ast.Name) -> bool:
        """Whether `n += 1` makes another number: it began as one."""
        home = self.names.home(name)
        bound = self.names.bound_at(home, name.id) if home is not None else []
        return bool(bound) and isinstance(self._given(bound[0]), ast.Constant)

    def _is_plain(self, func: ast.expr) -> bool:
        name = qualified_name(self.source, func) or ""
        return name in PLAIN_CALLS or name.startswith("math.") or self._is_record(func)

    def _is_record(self, func: ast.expr) -> bool:
        """Whether it makes a dict, a tuple, a NamedTuple or a dataclass of the same file: nothing is done with the parts."""
        if not isinstance(func, ast.Name):
            return False
        if func.id in ("dict", "tuple"):
            return True
        classes = [one for one in self.source.tree.body if isinstance(one, ast.ClassDef) and one.name == func.id]
        marks = [*classes[0].bases, *classes[0].decorator_list] if len(classes) == 1 else []
        heads = [one.func if isinstance(one, ast.Call) else one for one in marks]
        made = [one for one in classes[0].body if isinstance(one, ast.FunctionDef)] if marks else []
        return any(qualified_name(self.source, one) in RECORDS for one in heads) and not any(
            one.name in ("__post_init__", "__init__", "__new__") for one in made
        )

    def _kept_as(self, items: list[_Item]) -> str:
        return items[0].text if len(items) == 1 else f"({', '.join(item.text for item in items)})"

    def _words(self, items: list[_Item]) -> list[str]:
        """A name for each part, after the name that it has in the loop."""
        words: list[str] = []
        for item in items:
            word = item.text if item.text.isidentifier() else "value"
            words.append(
                word if word not in words else next(w for i in range(2, 99) if (w := f"{word}_{i}") not in words)
            )
        return words

    def _worked_out(self, value: ast.expr, items: list[_Item], words: list[str]) -> str:
        """The expression again, of the names for its parts."""
        start, end = self.source.span(value)
        text, at = "", start
        for item, word in zip(items, words):
            first, last = self.source.span(item.node)
            if start <= first and last <= end:
                text += self.source.text[at:first] + (item.of(word) if item.of else word)
                at = last
        text += self.source.text[at:end]
        if "\n" in text and ("#" in text or string_over_lines(value)):
            raise CannotEdit("what it is put into runs over several lines, with comments or texts")
        return _LINE_BREAK.sub(" ", text)

    def _fresh(self, hint: str) -> str:
        found, number = fresh_name(self.source, hint), 2
        while found in self.given:
            found, number = fresh_name(self.source, f"{hint}_{number}"), number + 1
        self.given.add(found)
        return found

    # -- where it is kept -----------------------------------------------------------------------------------------------

    def _only_use(self, kept: ast.expr) -> None:
        """Nothing else reads it while the loop runs: no other line of it, and no function that it may call."""
        base = _base(kept)
        home = self.names.home(base)
        if home is None or home is not self.names.scope_of(self.loop):
            raise CannotEdit(f"`{base.id}` belongs to another function")
        mine = _key(kept)
        for use in self.names.uses(home, base.id):
            around = self.names.parent.get(use)
            other = _key(around) if isinstance(around, ast.Subscript) and around.value is use else None
            apart = mine is not None and other is not None and other != mine
            if use is not base and not apart and self.names.is_within(use, self.loop):
                raise CannotEdit(f"`{base.id}` is used in line {use.lineno} of the loop as well")
            if self.names.function_around(use) is not self.names.function_around(self.loop):
                raise CannotEdit(f"a function reads `{base.id}` in line {use.lineno}")

    def _must_begin_empty(self, kept: ast.expr) -> None:
        """The list is made once, as `[]`."""
        base = _base(kept)
        home = self.names.home(base)
        bindings = self.names.bound_at(home, base.id) if home is not None else []
        if len(bindings) == 1:
            value = self._given(bindings[0])
            if _is_empty(value) if isinstance(kept, ast.Name) else self._holds_empty(value, _key(kept)):
                return
        raise CannotEdit(f"`{self.source.of(kept)}` is not a list that begins empty")

    def _given(self, binding: ast.AST) -> ast.expr | None:
        """What an assignment gives a name, in `a, b = [], []` too."""
        statement = next((one for one in self.names.parents(binding) if isinstance(one, ast.stmt)), None)
        match statement:
            case ast.Assign(targets=[ast.Tuple(elts=names)], value=ast.Tuple(elts=values)) if len(names) == len(values):
                return next((value for name, value in zip(names, values) if name is binding), None)
            case ast.Assign(targets=targets, value=value) if binding in targets:
                return value
            case ast.AnnAssign(value=value):
                return value
        return None

    def _holds_empty(self, value: ast.expr | None, key: object) -> bool:
        """`{"loss": []}`, `dict(loss=[])`, `defaultdict(list)`."""
        match value:
            case ast.Dict(keys=keys, values=values):
                return any(
                    isinstance(one, ast.Constant) and one.value == key and _is_empty(held)
                    for one, held in zip(keys, values)
                )
            case ast.Call(func=func, args=[], keywords=keywords) if qualified_name(self.source, func) == "dict":
                return any(one.arg == key and _is_empty(one.value) for one in keywords)
            case ast.Call(func=func, args=[ast.Name(id="list")], keywords=[]):
                return qualified_name(self.source, func) == "collections.defaultdict"
            case ast.DictComp(value=held):
                return _is_empty(held)
        return False


def _changed_in(loop: ast.AST) -> Iterator[ast.Name]:
    """The names of what a loop changes in place, or may: `x += 1`, `x[0] = 1`, `x.rate = 1`, `x.append(1)` on a line."""
    for one in ast.walk(loop):
        found: ast.expr | None = None
        if isinstance(one, ast.AugAssign) or (
            isinstance(one, ast.Attribute | ast.Subscript) and isinstance(one.ctx, ast.Store)
        ):
            found = one.target if isinstance(one, ast.AugAssign) else one
        elif (
            isinstance(one, ast.Expr) and isinstance(one.value, ast.Call) and isinstance(one.value.func, ast.Attribute)
        ):
            found = one.value.func.value
        while isinstance(found, ast.Subscript | ast.Attribute):
            found = found.value
        if isinstance(found, ast.Name):
            yield found


def _is_empty(value: ast.expr | None) -> bool:
    return isinstance(value, ast.List) and not value.elts


def _base(kept: ast.expr) -> ast.Name:
    while isinstance(kept, ast.Subscript | ast.Attribute):
        kept = kept.value
    if not isinstance(kept, ast.Name):
        raise CannotEdit(STAYS)
    return kept


def _key(kept: ast.expr) -> object:
    """The constant in `history["loss"]`; None without one."""
    if isinstance(kept, ast.Subscript) and isinstance(kept.slice, ast.Constant) and isinstance(kept.value, ast.Name):
        return kept.slice.value
    return None


def _fetched(items: list[_Item], one: str) -> str:
    """The fetched parts of what was kept: `one[1]`, `(one[0], one[2])`."""
    return _together(f"{one}[{i}]" for i, item in enumerate(items) if item.of)


def _values(items: list[_Item], words: list[str]) -> str:
    return _together(word for item, word in zip(items, words) if item.of)


def _others(items: list[_Item], words: list[str]) -> str:
    return f"({', '.join('_' if item.of else word for item, word in zip(items, words))})"


def _together(parts: Iterator[str]) -> str:
    some = list(parts)
    return some[0] if len(some) == 1 else f"({', '.join(some)})"
