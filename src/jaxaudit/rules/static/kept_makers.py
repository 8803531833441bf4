"""What an audit proposes where an optimiser or a network that a static field holds is made anew with equal settings: a cached
function makes it, so that equal settings give the same object.
"""

from __future__ import annotations

import ast
import builtins
from collections.abc import Iterator, Sequence
from functools import partial
from typing import TYPE_CHECKING, NamedTuple

from jaxaudit.edits.edit import CannotEdit, Edit
from jaxaudit.edits.extracting import cached
from jaxaudit.edits.imports import qualified_name
from jaxaudit.edits.name_scopes import Names
from jaxaudit.edits.nodes import FUNCTIONS, enclosing, expression_at
from jaxaudit.rules.static.other_callers import handed_in, handed_what_has_no_hash
from jaxaudit.rules.units import class_named, units_named
from jaxaudit.source.knowledge.classes import FRESH_CLOSURES

if TYPE_CHECKING:
    from jaxaudit.edits.source_text import SourceText
    from jaxaudit.model import Finding
    from jaxaudit.rules.project import Project

RISK = (
    "Equal settings give one object, kept for the whole run. The settings must be hashable: a list or an array among them raises "
    "an error."
)
PLAIN_LIBRARIES = (
    "optax.",
    "jax.nn.initializers.",
    "jax.numpy.",
    "math.",
    "flax.linen.",
    "haiku.",
    "functools.partial",
)
"""What they are made of: functions of these give the same for the same, and change nothing."""
PLAIN_BUILTINS = frozenset(
    ["tuple", "list", "dict", "int", "float", "bool", "str", "len", "range", "max", "min", "abs", "round", "sum", "zip"]
)
NETWORKS = ("flax.linen.Module", "flax.linen.module.Module")
CHANGEABLE = ("list", "List", "dict", "Dict", "set", "Set", "ndarray", "Array", "MutableSequence", "MutableMapping")


Written = tuple[str, dict[str, tuple[Edit, ...]], str]
"""The title's beginning, the edits and the risk."""


class Maker(NamedTuple):
    source: SourceText
    call: ast.Call
    name: str


def kept(seen: Finding, project: Project) -> Written:
    """The title's beginning, the edits and the risk, for the fields that a run saw compiled again for.

    Raises CannotEdit where what they hold is not made by calls that give the same for the same settings.
    """
    fields = _fields(seen)
    if not fields:
        raise CannotEdit("no field of an object holds it")
    makers: dict[tuple[str, int], Maker] = {}
    for source, call in _holders(project, fields):
        for field in fields:
            value = next(one.value for one in call.keywords if one.arg == field)
            found = list(_makers(project, source, value, field))
            if not found:
                raise CannotEdit(f"it is not seen what makes `{source.of(value)[:40]}`, which `{field}` holds")
            for maker in found:
                makers.setdefault((maker.source.path, maker.source.start(maker.call)), maker)
    if not makers:
        raise CannotEdit(f"no call of the project makes what `{fields[0]}` holds")
    return kept_for_settings(project, list(makers.values()))


def kept_for_settings(project: Project, makers: Sequence[Maker]) -> Written:
    """Each of these calls in a cached function of its own."""
    edits: dict[str, list[Edit]] = {}
    for maker in makers:
        _must_be_of_settings(project, maker)
        done = cached(maker.source, maker.call, f"make_{maker.name}", partial(_may_call, project, maker.source))
        edits.setdefault(maker.source.path, []).extend(done.edits)
    names = " and ".join(dict.fromkeys(f"`{maker.source.of(maker.call.func)}(...)`" for maker in makers))
    title = f"{names}, made once for equal settings"
    return title, {path: tuple(dict.fromkeys(of_file)) for path, of_file in edits.items()}, RISK


def _fields(seen: Finding) -> list[str]:
    """`apply_fn` and `tx` of `state.apply_fn`, `state.tx.init` and `state.tx.update`."""
    leaves = [str(leaf).split(".") for leaf in seen.facts.get("leaves", ())]
    found = [parts[1] for parts in leaves if len(parts) > 1 and parts[1].isidentifier()]
    return list(dict.fromkeys(found)) if len(found) == len(leaves) else []


def _holders(project: Project, fields: Sequence[str]) -> Iterator[tuple[SourceText, ast.Call]]:
    """The calls that are handed all of these by name, in functions: `TrainState.create(apply_fn=..., tx=...)`."""
    for source in project.sources():
        if not all(field in source.text for field in fields):
            continue
        for node in ast.walk(source.tree):
            if isinstance(node, ast.Call) and {one.arg for one in node.keywords} >= set(fields):
                if _may_build(source, node) and enclosing(source, node, *FUNCTIONS) is not None:
                    yield source, node


def _may_build(source: SourceText, call: ast.Call) -> bool:
    """A class, or its `create`; no `state.replace(...)`."""
    last = source.of(call.func).rpartition(".")[2]
    return last[:1].isupper() or last in ("create", "new", "init", "build", "make")


def _makers(project: Project, source: SourceText, value: ast.expr, hint: str, depth: int = 0) -> Iterator[Maker]:
    """The calls that make it: written there, bound to a name of the function, or handed in by its callers."""
    while isinstance(value, ast.Attribute):
        value = value.value
    names = Names(source)
    if isinstance(value, ast.Call):
        if makes_anew(project, source, value):
            yield Maker(source, value, hint)
        return
    home = names.home(value) if isinstance(value, ast.Name) else None
    if not isinstance(value, ast.Name) or home is None or home is names.tree:
        return
    bindings = names.bound_at(home, value.id)
    if len(bindings) != 1:
        raise CannotEdit(f"`{value.id}` is bound more than once")
    match names.parent.get(bindings[0]):
        case ast.Assign(targets=[ast.Name()], value=made):
            yield from _makers(project, source, made, value.id, depth)
    if not isinstance(bindings[0], ast.arg) or depth > 2:
        return
    unit_name = getattr(home, "name", "")
    for unit in units_named(project, source.path, unit_name):
        for at, root in handed_in(project.program, unit, value.id):
            flow = getattr(root, "flow", None) or at.flow
            expr = getattr(root, "expr", None)
            if flow is None or expr is None:
                continue
            place = project.program.place(flow, expr)
            there = project.text(place.path)
            yield from _makers(project, there, expression_at(there, place), value.id, depth + 1)


def makes_anew(project: Project, source: SourceText, call: ast.Call) -> bool:
    """An optimiser, a pair of functions, or a network: none equals another that was made of the same."""
    called = qualified_name(source, call.func) or ""
    return called in FRESH_CLOSURES or called.startswith("optax.") or _is_network(project, called)


def _is_network(project: Project, called: str, depth: int = 0) -> bool:
    """A class of the project that is one of Flax's modules: frozen, and compared by its fields."""
    found = class_named(project, called.rpartition(".")[2])
    if found is None or depth > 4:
        return False
    source, cls = found
    bases = [qualified_name(source, base) or "" for base in cls.bases]
    return any(base in NETWORKS or _is_network(project, base, depth + 1) for base in bases)


def _may_call(project: Project, source: SourceText, call: ast.Call) -> bool:
    called = qualified_name(source, call.func) or ""
    if called.startswith(PLAIN_LIBRARIES) or _is_network(project, called):
        return True
    return called in PLAIN_BUILTINS and hasattr(builtins, called)


def _must_be_of_settings(project: Project, maker: Maker) -> None:
    """CannotEdit where a script of the project hands in a setting that has no hash, or a field that is declared as such."""
    names = Names(maker.source)
    function = enclosing(maker.source, maker.call, *FUNCTIONS)
    if not isinstance(function, FUNCTIONS):
        raise CannotEdit(f"`{maker.name}` is made once, at module level")
    for node in ast.walk(maker.call):
        if not isinstance(node, ast.Name) or names.home(node) is not function:
            continue
        above = names.parent.get(node)
        if isinstance(above, ast.Attribute) and (line := _declared_changeable(project, above.attr)):
            raise CannotEdit(
                f"`{maker.source.of(above)}` may be a list or an array ({line}), which a cache cannot hold"
            )
        bindings = names.bound_at(function, node.id)
        if any(isinstance(one, ast.arg) for one in bindings) and not isinstance(above, ast.Attribute):
            said = handed_what_has_no_hash(project, maker.source.path, function.name, node.id)
            if said:
                raise CannotEdit(said)


def _declared_changeable(project: Project, field: str) -> str:
    """Where a class of the project declares the field as a list or an array, or a call hands it one; "" where none does."""
    for source in project.sources():
        if field not in source.text:
            continue
        for node in ast.walk(source.tree):
            match node:
                case ast.AnnAssign(target=ast.Name(id=name), annotation=annotation) if name == field:
                    words = {getattr(one, "id", getattr(one, "attr", "")) for one in ast.walk(annotation)}
                    if words.intersection(CHANGEABLE):
                        return f"{source.path}:{node.lineno}"
                case ast.keyword(arg=name, value=ast.List() | ast.Dict() | ast.Set() | ast.ListComp()) if name == field:
                    return f"{source.path}:{node.value.lineno}"
    return ""
