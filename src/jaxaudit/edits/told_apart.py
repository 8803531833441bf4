"""Where a program tells objects of a class apart: by `==` and `in`, in a `set`, as keys of a `dict`. Objects that begin to compare by
their fields, or no longer can be compared, are not the same there.
"""

import ast
from collections.abc import Iterable, Iterator

from jaxaudit.edits.edit import CannotEdit
from jaxaudit.edits.nodes import COMPREHENSIONS
from jaxaudit.edits.source_text import SourceText

ASKED = frozenset({"index", "remove", "count", "add", "setdefault", "get", "pop", "discard", "move_to_end"})
"""Methods of lists, sets and dicts that look for what they are given."""
SETS = frozenset({"set", "frozenset", "fromkeys", "Counter", "hash"})


def must_not_be_told_apart(name: str, words: Iterable[str], files: Iterable[SourceText]) -> None:
    """CannotEdit with the first place that does, of objects of the class `name`; `words` are names by which they are known already."""
    sources = list(files)
    objects: set[str] = set(words)
    held: set[str] = set()
    for _ in range(3):  # a list in one file is run over in another
        before = len(objects) + len(held)
        for source in sources:
            for node in ast.walk(source.tree):
                for word, is_held in _names(node, name, objects, held):
                    (held if is_held else objects).add(word)
        if len(objects) + len(held) == before:
            break
    for source in sources:
        for node in ast.walk(source.tree):
            if _tells_apart(node, name, objects, held):
                line = getattr(node, "lineno", 0)
                raise CannotEdit(f"{source.path}:{line} tells objects of `{name}` apart (`{source.of(node)[:60]}`)")


def _names(node: ast.AST, cls: str, objects: set[str], held: set[str]) -> Iterator[tuple[str, bool]]:
    """The names that a node gives to an object of the class, and (True) to what holds such objects."""
    match node:
        case ast.Assign(targets=targets, value=value):
            kind = _kind(value, cls, objects, held)
            if kind is not None:
                yield from ((word, kind) for one in targets for word in _words(one))
        case ast.AnnAssign(target=target, annotation=annotation) if _says(annotation, cls):
            yield from ((word, not isinstance(annotation, ast.Name)) for word in _words(target))
        case ast.arg(arg=word, annotation=annotation) if annotation is not None and _says(annotation, cls):
            yield word, not isinstance(annotation, ast.Name)
        case ast.For(target=target, iter=over) | ast.comprehension(target=target, iter=over) if _mentions(over, held):
            yield from ((word, False) for word in _words(target))
        case ast.Call(func=ast.Attribute(value=holder, attr="append" | "add"), args=[given]):
            if _kind(given, cls, objects, held) is False:
                yield from ((word, True) for word in _words(holder))


def _kind(node: ast.expr, cls: str, objects: set[str], held: set[str]) -> bool | None:
    """False for an object of the class, True for what holds some, None for anything else."""
    if _is_object(node, cls, objects):
        return False
    if isinstance(node, ast.List | ast.Tuple | ast.Set):
        return True if any(_is_object(one, cls, objects) for one in node.elts) else None
    if isinstance(node, ast.Dict):
        return True if any(_is_object(one, cls, objects) for one in node.values) else None
    if isinstance(node, COMPREHENSIONS):
        element = node.value if isinstance(node, ast.DictComp) else node.elt
        return True if _is_object(element, cls, objects) else None
    if isinstance(node, ast.Subscript):
        return False if _mentions(node.value, held) else None
    return None


def _is_object(node: ast.AST, cls: str, objects: set[str]) -> bool:
    match node:
        case ast.Call(func=ast.Name(id=name) | ast.Attribute(attr=name)) if name == cls:
            return True
        case ast.Call(func=ast.Attribute(value=ast.Name(id=name))) if name == cls:
            return True  # `Plan.read(line)`
        case ast.Name(id=name) | ast.Attribute(attr=name):
            return name in objects
    return False


def _words(node: ast.AST) -> list[str]:
    match node:
        case ast.Name(id=name) | ast.Attribute(attr=name):
            return [name]
        case ast.Tuple(elts=elements) | ast.List(elts=elements):
            return [word for one in elements for word in _words(one)]
    return []


def _says(annotation: ast.expr, cls: str) -> bool:
    return any(
        (isinstance(one, ast.Name) and one.id == cls) or (isinstance(one, ast.Constant) and one.value == cls)
        for one in ast.walk(annotation)
    )


def _mentions(node: ast.AST, words: set[str]) -> bool:
    return any(word in words for one in ast.walk(node) for word in _words(one))


def _tells_apart(node: ast.AST, cls: str, objects: set[str], held: set[str]) -> bool:
    def is_one(part: ast.AST | None) -> bool:
        if isinstance(part, ast.Tuple):
            return any(map(is_one, part.elts))
        return part is not None and _is_object(part, cls, objects)

    match node:
        case ast.Compare(left=left, ops=ops, comparators=others):
            asks = [
                (one, other)
                for one, op, other in zip([left, *others], ops, others)
                if isinstance(op, ast.Eq | ast.NotEq | ast.In | ast.NotIn)
            ]
            return any(
                (is_one(one) or is_one(other))
                and not isinstance(other, ast.Constant)
                and not isinstance(one, ast.Constant)
                for one, other in asks
            )
        case ast.Subscript(slice=index):
            return is_one(index)
        case ast.Dict(keys=keys):
            return any(map(is_one, keys))
        case ast.DictComp(key=key):
            return is_one(key)
        case ast.Set(elts=elements):
            return any(map(is_one, elements))
        case ast.SetComp(elt=element):
            return is_one(element)
        case ast.Call(func=ast.Attribute(attr=attr), args=[first, *_]) if attr in ASKED and is_one(first):
            return True
        case ast.Call(func=ast.Name(id=name) | ast.Attribute(attr=name), args=[first, *_]) if name in SETS:
            return is_one(first) or _mentions(first, held)
    return False
