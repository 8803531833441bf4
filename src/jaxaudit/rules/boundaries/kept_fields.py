"""Whether an object whose method is compiled once keeps the fields that the method reads."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from typing import TYPE_CHECKING

from jaxaudit.edits.edit import CannotEdit
from jaxaudit.edits.imports import qualified_name
from jaxaudit.edits.nodes import FUNCTIONS
from jaxaudit.edits.rebinding import CHANGING

if TYPE_CHECKING:
    from jaxaudit.model.spot import Spot
    from jaxaudit.rules.project import Project

PACKERS = frozenset(
    "pickle cloudpickle dill joblib shelve multiprocessing concurrent vars deepcopy __dict__".split()  # noqa: SIM905
)
FIRST = ("__init__", "__post_init__", "setup", "__new__")


def must_keep_its_fields(project: Project, method: Spot) -> None:
    """CannotEdit where the project sets a field that the method reads, or changes what it holds, after `__init__`. Methods that
    it may call, of whatever class, and what `__init__` made of fields are read as well.
    """
    source = project.text(method.path)
    cls = next((one for one in ast.walk(source.tree) if isinstance(one, ast.ClassDef) and _holds(one, method)), None)
    if cls is None:
        return
    first = next(one for one in cls.body if isinstance(one, FUNCTIONS) and _begins(one, method))
    read = _read(project, cls, first)
    for other in project.sources():
        for owner, function, node in _changes(other.tree, None, None):
            if _set_by_name(node, read):
                raise CannotEdit(
                    f"{other.path}:{node.lineno} sets a field by its name, perhaps one that `{cls.name}` reads"  # type: ignore[attr-defined]
                )
            field = _changed(node)
            if field is None or field.attr not in read:
                continue
            own = isinstance(field.value, ast.Name) and field.value.id == "self"
            if own and function in FIRST:
                continue  # as it is made
            if own and owner is not None and owner.name != cls.name and not _may_be_met(owner, read):
                continue  # that of another class
            raise CannotEdit(
                f"`{field.attr}`, which `{cls.name}` reads, is changed in {other.path}:{field.lineno}: compiled once, it would "
                "keep the first value"
            )


def _read(project: Project, cls: ast.ClassDef, method: ast.AST) -> set[str]:
    """The names of fields that a method reads, and the methods that may be called by these names."""
    methods: dict[str, list[ast.AST]] = {}
    for source in project.sources():
        for one in ast.walk(source.tree):
            if isinstance(one, ast.ClassDef):
                for each in one.body:
                    if isinstance(each, FUNCTIONS):
                        methods.setdefault(each.name, []).append(each)
    made: dict[str, list[ast.AST]] = {}
    for one in ast.walk(cls):
        if isinstance(one, ast.Assign):
            for target in one.targets:
                if (
                    isinstance(target, ast.Attribute)
                    and isinstance(target.value, ast.Name)
                    and target.value.id == "self"
                ):
                    made.setdefault(target.attr, []).append(one.value)
    read: set[str] = set()
    waiting = [method]
    while waiting:
        for one in ast.walk(waiting.pop()):
            counted = one.target if isinstance(one, ast.AugAssign) else None
            one = counted if isinstance(counted, ast.Attribute) else one
            asked = isinstance(one, ast.Attribute) and (counted is one or isinstance(one.ctx, ast.Load))
            if isinstance(one, ast.Attribute) and asked and one.attr not in read:
                read.add(one.attr)
                waiting += [*methods.get(one.attr, ()), *made.get(one.attr, ())]
    return read


def _may_be_met(owner: ast.ClassDef, read: set[str]) -> bool:
    """Whether the method may call one of a class: it names one of its methods."""
    return any(isinstance(one, FUNCTIONS) and one.name in read and one.name not in FIRST for one in owner.body)


def _begins(node: ast.FunctionDef | ast.AsyncFunctionDef, method: Spot) -> bool:
    return method.line in (node.lineno, *(each.lineno for each in node.decorator_list))


def _holds(cls: ast.ClassDef, method: Spot) -> bool:
    return any(isinstance(one, FUNCTIONS) and _begins(one, method) for one in cls.body)


def _changes(
    node: ast.AST, owner: ast.ClassDef | None, function: str | None
) -> Iterator[tuple[ast.ClassDef | None, str | None, ast.AST]]:
    """Every node, with the class and the method in which it stands."""
    for child in ast.iter_child_nodes(node):
        here, name = owner, function
        if isinstance(child, ast.ClassDef):
            here, name = child, None
        elif isinstance(child, FUNCTIONS) and name is None:
            name = child.name
        yield here, name, child
        yield from _changes(child, here, name)


def must_not_be_packed(project: Project) -> None:
    """CannotEdit where the project pickles or copies objects, or lists their fields: one more, a jitted function, may be in the
    way there.
    """
    for source in project.sources():
        for node in ast.walk(source.tree):
            named = next((name for name in _named(node) if name.partition(".")[0] in PACKERS), None)
            if named is not None:
                where = f"{source.path}:{getattr(node, 'lineno', 0)}"
                raise CannotEdit(f"{where} packs or lists objects (`{named}`), and this one would hold more")


def _named(node: ast.AST) -> list[str]:
    match node:
        case ast.Import(names=names):
            return [one.name for one in names]
        case ast.ImportFrom(module=str(module)):
            return [module]
        case ast.Call(func=ast.Name(id="vars" | "deepcopy" as asked)):
            return [asked]
        case ast.Attribute(attr="deepcopy" | "__dict__" as asked):
            return [asked]
    return []


def _set_by_name(node: ast.AST, read: set[str]) -> bool:
    """`setattr(x, name, value)`, of a name that is one of these, or not known."""
    match node:
        case ast.Call(func=ast.Name(id="setattr" | "delattr"), args=[_, ast.Constant(value=name), *_]):
            return name in read
        case ast.Call(func=ast.Name(id="setattr" | "delattr")):
            return True
        case ast.Attribute(value=ast.Attribute(attr="__dict__"), attr="update"):
            return True
    return False


def is_module_of_equinox(project: Project, method: Spot) -> bool:
    """Whether the method's class is written as an `eqx.Module`: a pytree, whose arrays `filter_jit` hands in."""
    source = project.text(method.path)
    cls = next((one for one in ast.walk(source.tree) if isinstance(one, ast.ClassDef) and _holds(one, method)), None)
    return cls is not None and any(qualified_name(source, base) == "equinox.Module" for base in cls.bases)


def _changed(node: ast.AST) -> ast.Attribute | None:
    """The field of `x.field = ...`, `x.field[i] = ...`, `x.field.append(...)`."""
    match node:
        case ast.Attribute(ctx=ast.Store() | ast.Del()):
            return node
        case ast.Subscript(value=ast.Attribute() as field, ctx=ast.Store() | ast.Del()):
            return field
        case ast.Call(func=ast.Attribute(value=ast.Attribute() as field, attr=attr)) if attr in CHANGING:
            return field
    return None
