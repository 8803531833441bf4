"""What is handed in for a holder: the object itself where JAX can take it apart, else the arrays that are read of it."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass

from jaxaudit.edits import CannotEdit, Edit, fresh_name, spell
from jaxaudit.rules.captures.hoisting.chain import Item, Load, own_object
from jaxaudit.rules.captures.hoisting.jits import Jit
from jaxaudit.rules.captures.hoisting.project_code import Code, Ref
from jaxaudit.rules.captures.hoisting.roots import Captures, Holder
from jaxaudit.rules.captures.hoisting.way import Way
from jaxaudit.source import calls as c
from jaxaudit.source import provenance
from jaxaudit.source import values as v
from jaxaudit.source.classes import classes_of
from jaxaudit.source.fields import annotation_heads, annotations_of, class_facts
from jaxaudit.source.kinds import kind_of
from jaxaudit.source.program import Program
from jaxaudit.source.scopes import Class

ARRAY, TREE, MIXED, OBJECT, UNKNOWN = "array", "tree", "mixed", "object", "unknown"


@dataclass(frozen=True)
class Payload:
    """One choice for each holder. `filtered`: the jit must become `equinox.filter_jit`, for leaves that are no arrays."""

    loads: list[Load]
    filtered: bool = False
    note: str = ""

    def finish(self, code: Code, way: Way, jits: list[Jit]) -> Way:
        """The jit that can take what is handed in."""
        if not self.filtered:
            return way
        edits = {path: list(more) for path, more in way.edits.items()}
        for jit in jits:
            transform = jit.node if not isinstance(jit.node, ast.Call) else jit.node.func
            if isinstance(jit.node, ast.Call) and (jit.is_decorator or jit.node.keywords):
                raise CannotEdit("the jit has options, which `equinox.filter_jit` does not take")
            source = code.source(jit.path)
            if code.known(jit.path, transform) == "equinox.filter_jit":
                continue
            spelling = spell(source, "equinox.filter_jit")
            here = edits.setdefault(jit.path, [])
            here += [one for one in (*spelling.edits, Edit(*source.span(transform), spelling.text)) if one not in here]
        return way._replace(edits={path: tuple(more) for path, more in edits.items()})


def payloads(code: Code, captures: Captures, holders: list[Holder], jits: list[Jit]) -> Iterator[Payload]:
    """What can be handed in, best first: whole objects, those with a filtering jit, array by array."""
    kinds = {holder.root: kind_of_holder(code, captures, holder) for holder in holders}
    filtered = bool(jits) and all(_is_filtered(code, jit) for jit in jits)
    offered = has_equinox(code)
    loads = [Load(holder.root, (Item(parameter_for(code, captures.function, holder)),)) for holder in holders]
    all_whole = all(_may_be_whole(kind, filtered or offered) for kind in kinds.values())
    mixed = any(kind == MIXED for kind in kinds.values())
    if all_whole and (filtered or not mixed):
        yield Payload(loads)
    if any(kind not in (ARRAY, TREE) for kind in kinds.values()):
        with suppress(CannotEdit):
            yield Payload(
                [
                    load
                    if kinds[load.root] in (ARRAY, TREE)
                    else Load(load.root, arrays_of(code, captures.function, holder))
                    for load, holder in zip(loads, holders)
                ]
            )
    if not all_whole:
        with suppress(CannotEdit):
            parts = [Load(holder.root, parts_of(code, captures.function, holder)) for holder in holders]
            words = [f"`{load.root.name}{item.suffix}`" for load in parts for item in load.items]
            yield Payload(parts, note=f": {', '.join(words)}")
    if all_whole and offered and not filtered and any(kind in (MIXED, UNKNOWN) for kind in kinds.values()):
        yield Payload(loads, filtered=True, note=", under `equinox.filter_jit`")


def parameter_for(code: Code, ref: Ref, holder: Holder) -> str:
    """The holder's own name, so that the body needs no edit; `self` becomes its class's."""
    name = holder.root.name
    scope = holder.root.scope
    if name in ("self", "cls") and own_object(code, Ref(holder.root.path, scope)) == holder.root:  # type: ignore[arg-type]
        cls = code.names(holder.root.path).scope_of(scope)
        assert isinstance(cls, ast.ClassDef)
        return fresh_name(code.source(ref.path), re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", cls.name).lower().strip("_"))
    return name


def arrays_of(code: Code, ref: Ref, holder: Holder) -> tuple[Item, ...]:
    """One parameter for each array, named by its last word."""
    items: list[Item] = []
    paths = [path for path in holder.arrays if path] or list(holder.arrays)
    for path in paths:
        if path.startswith("?"):
            raise CannotEdit("how the array is reached is not known")
        word = re.findall(r"[A-Za-z_]\w*", path)
        if not path or not word:
            hint = holder.root.name
            items.append(Item(hint) if not path else Item(f"{hint}_{re.sub(r'[^0-9A-Za-z]', '', path)}", path))
            continue
        taken = {one.parameter for one in items}
        hint = word[-1].lstrip("_") or holder.root.name
        name = (
            hint
            if hint not in taken and _is_free(code, ref, hint)
            else fresh_name(code.source(ref.path), f"{hint}_array")
        )
        items.append(Item(name, path))
    if not items:
        raise CannotEdit("no array of it was named")
    return tuple(items)


def parts_of(code: Code, ref: Ref, holder: Holder) -> tuple[Item, ...]:
    """One parameter for each part of a plain object that holds arrays itself: `instrument.optics` of `.optics.psf`."""
    items: list[Item] = []
    for path in holder.arrays:
        found = re.match(r"\.([A-Za-z_]\w*)[.\[]", path)
        if found is None:
            raise CannotEdit("it holds arrays itself")
        word = found[1]
        if any(one.suffix == f".{word}" for one in items):
            continue
        hint = word.lstrip("_") or word
        name = hint if _is_free(code, ref, hint) else fresh_name(code.source(ref.path), f"{hint}_part")
        items.append(Item(name, f".{word}"))
    if not items:
        raise CannotEdit("no array of it was named")
    return tuple(items)


def _is_free(code: Code, ref: Ref, word: str) -> bool:
    names = code.names(ref.path)
    if names.home_of(word, ref.node) is not None:
        return False
    return not any(
        isinstance(node, ast.Name | ast.arg) and word in (getattr(node, "id", ""), getattr(node, "arg", ""))
        for node in ast.walk(ref.node)
    )


def _may_be_whole(kind: str, filtered: bool) -> bool:
    return kind in (ARRAY, TREE, UNKNOWN) or (kind == MIXED and filtered)


def _is_filtered(code: Code, jit: Jit) -> bool:
    node = jit.node.func if isinstance(jit.node, ast.Call) else jit.node
    return code.known(jit.path, node) == "equinox.filter_jit"


def has_equinox(code: Code) -> bool:
    """Whether the project imports equinox already."""
    return any(
        row[1].partition(".")[0] == "equinox" and not row[2]
        for module in code.program.by_path.values()
        if not module.context
        for row in module.imports
    )


# -- what a holder is --------------------------------------------------------------------------------------------------


def kind_of_holder(code: Code, captures: Captures, holder: Holder) -> str:
    if set(holder.arrays) == {""}:
        return ARRAY
    value = holder.value if holder.value is not None else value_of(code, holder)
    if value is None:
        return UNKNOWN
    if own_object(code, captures.function) == holder.root:
        return OBJECT  # the object of a jitted method stays what it is, and brings its arrays
    return kind_of_value(code.program, value)


def value_of(code: Code, holder: Holder) -> v.Value | None:
    """What the linked program says that the name stands for."""
    root = holder.root
    module = code.program.by_path.get(root.path)
    if module is None:
        return None
    if isinstance(root.scope, ast.Module):
        found = module.flow.bindings.get(root.name, [])
        return found[-1] if found else None
    for function in module.functions:
        if (function.line, function.column) == (root.scope.lineno, root.scope.col_offset):  # type: ignore[attr-defined]
            found = function.flow.bindings.get(root.name, [])
            return found[-1] if found else None
    return None


def kind_of_value(program: Program, value: v.Value, depth: int = 0) -> str:
    if depth > 5:
        return UNKNOWN
    if kind_of(program, value).is_array:
        return ARRAY
    roots = roots_of(program, value)
    found = {_kind_of_root(program, root, depth) for root in roots}
    for kind in (OBJECT, MIXED, UNKNOWN, TREE):
        if kind in found:
            return kind
    return ARRAY if found == {ARRAY} else UNKNOWN


def roots_of(program: Program, value: v.Value) -> list[v.Value]:
    from jaxaudit.rules.captures.held_arrays import roots_through_callers

    if isinstance(value, v.Free):
        return [root for one in value.values() for root in roots_through_callers(program, one)]
    return roots_through_callers(program, value) or list(provenance.roots(program, value))


def _kind_of_root(program: Program, root: v.Value, depth: int) -> str:
    if kind_of(program, root).is_array:
        return ARRAY
    if isinstance(root, v.Const):
        return MIXED if isinstance(root.value, str) else TREE
    parts: tuple[v.Value, ...] | None = None
    if isinstance(root, v.Sequence):
        parts = tuple(root.items)
    elif isinstance(root, v.Mapping):
        parts = tuple(item for _, item in root.pairs)
    if parts is not None:
        inside = {kind_of_value(program, part, depth + 1) for part in parts}
        for kind in (OBJECT, MIXED, UNKNOWN):
            if kind in inside:
                return kind
        return TREE
    if isinstance(root, v.Call) and (c.known_name(program, root.func) or "").startswith("equinox.nn."):
        return MIXED
    if root.__class__ in (v.FunctionValue, v.ClassValue, v.External, v.ModuleValue):
        return MIXED
    classes = classes_of(program, root)
    if classes:
        kinds = {kind_of_class(program, cls) for cls in classes}
        return next((kind for kind in (OBJECT, MIXED, UNKNOWN) if kind in kinds), TREE)
    return UNKNOWN


def kind_of_class(program: Program, cls: Class) -> str:
    """A pytree whose leaves are arrays and numbers, one with other leaves, or no pytree."""
    facts = class_facts(program, cls)
    if not facts.pytree:
        return OBJECT
    if facts.pytree == "hooks" or facts.listed is not None:
        return TREE
    for name, annotation in annotations_of(program, cls).items():
        if name in facts.static:
            continue
        for head in annotation_heads(program, annotation):
            last = head.rpartition(".")[2]
            if head.startswith("equinox.nn.") or last in NO_ARRAYS:
                return MIXED
    return TREE


NO_ARRAYS = frozenset({"str", "Callable", "bytes", "bool", "int", "Path", "Any", "Optional"})
