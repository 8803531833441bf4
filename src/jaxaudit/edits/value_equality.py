"""A class whose objects equal only themselves gets a value to compare by: what its `__init__` put into it."""

import ast
from collections.abc import Iterable, Iterator

from jaxaudit.edits.arguments import keyword_of
from jaxaudit.edits.edit import CannotEdit, Edit
from jaxaudit.edits.nodes import FUNCTIONS, last_word
from jaxaudit.edits.source_text import SourceText
from jaxaudit.edits.statements import insert_after

METHODS = """def __eq__(self, other):
    return type(other) is type(self) and other._compared() == self._compared()

def __hash__(self):
    return hash(self._compared())

def _compared(self):
    return tuple((name, type(value), repr(value), value) for name, value in vars(self).items())
"""
"""Type and text of each field count: `2 == 2.0`, `(2,) == (2.0,)` and `0.0 == -0.0`, but JAX makes another program of each."""
OWN = ("__eq__", "__hash__", "__slots__", "__setattr__", "__getattr__", "__getattribute__", "__new__", "_compared")
MADE_OF = ("float", "int", "str", "bool", "tuple", "len", "min", "max", "round", "abs", "frozenset", "range")
"""Calls whose result has a hash where what they are given has one."""
PLAIN = (ast.Constant, ast.Name, ast.Attribute, ast.UnaryOp, ast.BinOp, ast.Tuple, ast.Compare, ast.BoolOp, ast.IfExp,
         ast.JoinedStr, ast.Subscript, ast.FormattedValue)  # fmt: skip
CANNOT_HASH = (
    ast.List,
    ast.Dict,
    ast.Set,
    ast.ListComp,
    ast.DictComp,
    ast.SetComp,
    ast.GeneratorExp,
    ast.Lambda,
    ast.Await,
)


def compared_by_value(source: SourceText, cls: ast.ClassDef, others: Iterable[SourceText]) -> tuple[Edit, ...]:
    """`__eq__` and `__hash__` for a plain class or a dataclass without them. `others` are the project's other files.

    Raises CannotEdit where an object is changed after it was made, or holds what has no hash.
    """
    if cls.bases and [source.of(one) for one in cls.bases] != ["object"]:
        raise CannotEdit(f"`{cls.name}` has a base, which may compare in its own way")
    if cls.keywords:
        raise CannotEdit(f"`{cls.name}` has a metaclass")
    for node in cls.body:
        names = [node.name] if isinstance(node, FUNCTIONS) else _assigned(node)
        if found := [name for name in names if name in OWN]:
            raise CannotEdit(f"`{cls.name}` has a `{found[0]}` of its own")
        if isinstance(node, FUNCTIONS) and any("cache" in source.of(one) for one in node.decorator_list):
            raise CannotEdit(f"`{cls.name}.{node.name}` is kept on the object")
    fields = set(_fields(source, cls))
    for one in (source, *others):
        _must_stay(one, cls, fields)
        _must_be_made_of_hashables(one, cls)
    [edit] = insert_after(source, cls.body[-1], METHODS)
    return (Edit(edit.start, edit.end, source.newline + edit.new),)


def must_stay_as_made(source: SourceText, cls: ast.ClassDef, others: Iterable[SourceText]) -> None:
    """CannotEdit where an object of the class is changed after it was made, so that one can't stand for all."""
    init = [one for one in cls.body if isinstance(one, ast.FunctionDef) and one.name == "__init__"]
    fields = {node.attr for one in init for node in ast.walk(one) if isinstance(node, ast.Attribute)}
    fields |= {name for one in cls.body for name in _assigned(one)}
    for one in (source, *others):
        _must_stay(one, cls, fields)


def _assigned(node: ast.stmt) -> list[str]:
    targets = node.targets if isinstance(node, ast.Assign) else [node.target] if isinstance(node, ast.AnnAssign) else []
    return [one.id for one in targets if isinstance(one, ast.Name)]


def _fields(source: SourceText, cls: ast.ClassDef) -> Iterator[str]:
    """What an object holds; CannotEdit where something other than `__init__` puts it there."""
    if cls.decorator_list:
        yield from _fields_of_dataclass(source, cls)
        return
    init = [one for one in cls.body if isinstance(one, ast.FunctionDef) and one.name == "__init__"]
    if len(init) != 1 or init[0].decorator_list:
        raise CannotEdit(f"`{cls.name}` has no plain `__init__`")
    for node in ast.walk(init[0]):
        if isinstance(node, ast.Assign | ast.AnnAssign | ast.AugAssign):
            targets = node.targets if isinstance(node, ast.Assign) else [node.target]
            for one in targets:
                if isinstance(one, ast.Attribute) and node.value is not None:
                    if not _has_hash(node.value):
                        raise CannotEdit(
                            f"`{source.of(one)}` is `{source.of(node.value)[:60]}`, which may have no hash"
                        )
                    yield one.attr


def _fields_of_dataclass(source: SourceText, cls: ast.ClassDef) -> Iterator[str]:
    match cls.decorator_list:
        case [ast.Call(func=func) as call] if last_word(func) == "dataclass" and (said := keyword_of(call, "eq")):
            if not (isinstance(said.value, ast.Constant) and said.value.value is False):
                raise CannotEdit(f"`{cls.name}` is a dataclass that compares")
        case _:
            raise CannotEdit(f"`{cls.name}` is decorated")
    for one in cls.body:
        if isinstance(one, ast.AnnAssign) and isinstance(one.target, ast.Name):
            if one.value is not None and not _has_hash(one.value):
                raise CannotEdit(f"`{source.of(one)[:60]}` may have no hash")
            yield one.target.id


def _must_stay(source: SourceText, cls: ast.ClassDef, fields: set[str]) -> None:
    """No field is assigned after the object was made, by whomever."""
    for owner, node in _stores(source.tree, None, ""):
        if node.attr not in fields:
            continue
        of_another = isinstance(node.value, ast.Name) and node.value.id == "self" and owner[0] not in (None, cls)
        if not of_another and owner != (cls, "__init__"):
            raise CannotEdit(f"{source.path}:{node.lineno} assigns `{source.of(node)}` after the object was made")


def _stores(
    node: ast.AST, cls: ast.ClassDef | None, function: str
) -> Iterator[tuple[tuple[ast.ClassDef | None, str], ast.Attribute]]:
    """Each attribute that is assigned or deleted, with the class and the method around it."""
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.Attribute) and not isinstance(child.ctx, ast.Load):
            yield (cls, function), child
        if isinstance(child, ast.ClassDef):
            yield from _stores(child, child, "")
        elif isinstance(child, FUNCTIONS) and isinstance(node, ast.ClassDef):
            yield from _stores(child, cls, child.name)
        else:
            yield from _stores(child, cls, function)


def _must_be_made_of_hashables(source: SourceText, cls: ast.ClassDef) -> None:
    for node in ast.walk(source.tree):
        if isinstance(node, ast.Call) and last_word(node.func) == cls.name:
            for given in (*node.args, *(one.value for one in node.keywords)):
                if not _has_hash(given):
                    raise CannotEdit(
                        f"{source.path}:{given.lineno} hands in `{source.of(given)[:60]}`, which may have no hash"
                    )


def _has_hash(node: ast.expr) -> bool:
    """Whether nothing speaks against it: a number, a text, a name, and what is worked out of these."""
    if isinstance(node, ast.Call):
        known = isinstance(node.func, ast.Name) and node.func.id in MADE_OF
        return known and all(map(_has_hash, node.args)) and not node.keywords
    if not isinstance(node, PLAIN):
        return False
    return not any(isinstance(one, CANNOT_HASH) or (one is not node and isinstance(one, ast.Call) and not _has_hash(one))
                   for one in ast.walk(node))  # fmt: skip
