"""Which names around a jitted function hold the arrays that it captures, told from a run and from the source together."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from jaxaudit.edits import CannotEdit
from jaxaudit.edits.name_scopes import FUNCTION_NODES
from jaxaudit.edits.nodes import FUNCTIONS
from jaxaudit.rules.captures.captured_in_run import SMALL, WRITTEN
from jaxaudit.rules.captures.captured_values import Captured, captured_values, weight
from jaxaudit.rules.captures.hoisting.chain import own_object
from jaxaudit.rules.captures.hoisting.project_code import Binding, Code, Ref
from jaxaudit.source import values as v
from jaxaudit.source.facts import text
from jaxaudit.source.scopes import Function

if TYPE_CHECKING:
    from jaxaudit.model import Finding
    from jaxaudit.model.evidence import ConstantSeen, Evidence, Site
    from jaxaudit.model.spot import Spot


@dataclass
class Holder:
    """One name with the arrays that are taken of it: the path to each (`.modes`, "" for itself), with its bytes."""

    root: Binding
    arrays: dict[str, int] = field(default_factory=dict)
    spots: list[Spot] = field(default_factory=list)
    value: v.Value | None = None

    @property
    def bytes(self) -> int:
        return sum(self.arrays.values())

    def add(self, path: str, size: int) -> None:
        self.arrays[path] = max(self.arrays.get(path, 0), size)


NO_FUNCTION = Ref("", ast.parse("lambda: 0", mode="eval").body)  # type: ignore[arg-type]


@dataclass
class Captures:
    """All that one jitted function captures."""

    function: Ref
    inner: Ref = NO_FUNCTION
    """The function of which findings and run speak, where another jitted function calls that one."""
    site: Site | None = None
    holders: dict[Binding, Holder] = field(default_factory=dict)
    findings: list[Finding] = field(default_factory=list)
    lost: list[ConstantSeen] = field(default_factory=list)
    """Arrays of which nobody knows whose they are."""
    seen: int = 0
    """Bytes that the run saw."""
    as_defaults: list[str] = field(default_factory=list)
    """What those defaults are written as."""
    bound: int = 0
    """Bytes of what is bound before the jit: by a partial or by a default."""
    defaults: list[str] = field(default_factory=list)
    """Parameters whose default is an array that calls leave out."""

    def holder(self, root: Binding) -> Holder:
        return self.holders.setdefault(root, Holder(root))

    @property
    def bytes(self) -> int:
        """What the run saw, or else what the source knows."""
        return self.seen or self.bound + sum(one.bytes for one in self.holders.values())


def captures_of(code: Code, findings: Sequence[Finding], evidence: Evidence) -> list[Captures]:
    """Every function that one of the findings is about, with its holders."""
    table: dict[Ref, Captures] = {}
    static = [
        (one, ref) for one in captured_values(code.program) if (ref := ref_of(code, one.site.function)) is not None
    ]
    for finding in findings:
        for ref in about(code, finding, static, evidence):
            known = table.setdefault(ref, Captures(ref))
            if finding not in known.findings:
                known.findings.append(finding)
    for captures in table.values():
        ours = [one for one, ref in static if ref == captures.function]
        for one in ours:
            _add_static(code, captures, one)
        _add_seen(code, captures, evidence)
    return list(table.values())


def about(code: Code, finding: Finding, static: list[tuple[Captured, Ref]], evidence: Evidence) -> Iterator[Ref]:
    """The jitted function that a finding names."""
    if finding.source == "run":
        for one in evidence.constants:
            if one.site.name == finding.facts.get("function"):
                ref = ref_at(code, one.site.path, one.site.line, one.site.name)
                if ref is not None:
                    yield ref
                    return
        return
    for captured, ref in static:
        if captured.site.function.name == finding.facts.get("function") and captured.place == finding.place:
            yield ref
            return
    for captured, ref in static:  # a finding about the work on a captured array stands where that work is
        if captured.site.function.name == finding.facts.get("function") and finding.place.path == captured.place.path:
            yield ref
            return


def ref_of(code: Code, function: Function) -> Ref | None:
    """The tree's node of a function of the linked program."""
    if function.is_module or function.module.context:
        return None
    try:
        names = code.names(function.module.path)
    except CannotEdit:
        return None
    for node in names.functions():
        if (node.lineno, node.col_offset) == (function.line, function.column):
            return Ref(function.module.path, node)
    return None


def ref_at(code: Code, path: str, line: int, name: str) -> Ref | None:
    """The function of this name that begins at a line."""
    try:
        names = code.names(path) if path in code.program.by_path else None
    except CannotEdit:
        names = None
    if names is None:
        return None
    short = name.rpartition(".")[2]
    found = []
    for node in names.functions():
        lines = {node.lineno, *(one.lineno for one in getattr(node, "decorator_list", []))}
        if line in lines and short == (node.name if isinstance(node, FUNCTIONS) else "<lambda>"):
            found.append(Ref(path, node))
    return found[0] if len(found) == 1 else None


# -- by the source -----------------------------------------------------------------------------------------------------


def _add_static(code: Code, captures: Captures, captured: Captured) -> None:
    if captured.how == "default":
        for parameter in captured.site.function.all_parameters:
            if parameter.default is not None and text(parameter.default, 40) == captured.name:
                captures.defaults.append(parameter.name)
                captures.as_defaults.append(captured.name)
    if captured.how in ("default", "partial"):
        captures.bound += weight(captured)
        return
    root = root_of(code, captures.function, captured)
    if root is None:
        return
    holder = captures.holder(root)
    holder.value = captured.base
    for held in captured.arrays:
        holder.add("".join(held.steps), held.bytes or 0)


def root_of(code: Code, ref: Ref, captured: Captured) -> Binding | None:
    base = captured.base
    if captured.how in ("method", "static self"):
        return own_object(code, ref)
    if not isinstance(base, v.Free):
        return None
    home = base.home.function
    path = home.module.path
    if home.module.context:
        return None
    scope: ast.AST | None
    if home.is_module:
        scope = code.names(path).tree
        bound = code.names(path).bound_at(scope, base.name)
        if bound and isinstance(bound[0], ast.alias):
            return code.module_binding(code.imported(path, bound[0]))
    else:
        found = ref_of(code, home)
        scope = found.node if found is not None else None
    return Binding(path, scope, base.name) if scope is not None else None


# -- by the run --------------------------------------------------------------------------------------------------------


def _add_seen(code: Code, captures: Captures, evidence: Evidence) -> None:
    by_path: dict[str, list[Holder]] = {}
    for holder in captures.holders.values():
        for path in holder.arrays:
            by_path.setdefault(path, []).append(holder)
    for one in evidence.constants:
        if one.how not in WRITTEN or one.bytes < SMALL:
            continue
        if ref_at(code, one.site.path, one.site.line, one.site.name) != captures.function:
            continue
        captures.site = captures.site or one.site
        captures.seen += one.bytes
        found = seen_root(code, captures.function, one)
        path = f"{one.holder.partition('.')[1]}{one.holder.partition('.')[2]}{one.leaf}"
        if found is not None:
            holder = captures.holder(found)
            holder.add(path if not found_by_module(code, one, found) else one.leaf, one.bytes)
        else:
            same = by_path.get(one.leaf, []) or [
                holder
                for path, holders in by_path.items()
                if one.leaf and path.endswith(one.leaf)
                for holder in holders
            ]
            holders = list({id(holder): holder for holder in same}.values())
            if len(holders) == 1:
                holder = holders[0]
                holder.add(next(path for path in holder.arrays if path.endswith(one.leaf)), one.bytes)
            else:
                guessed = _through_calls(code, captures.function, one)
                if guessed is None:
                    captures.lost.append(one)
                    continue
                holder = captures.holder(guessed[0])
                holder.add(guessed[1] + path, one.bytes)
        if one.at is not None:
            holder.spots.append(one.at)


def found_by_module(code: Code, one: ConstantSeen, root: Binding) -> bool:
    """`tables.PSF`: the holder's second word is the name, its first only the module."""
    return "." in one.holder and one.holder.split(".")[1] == root.name


def seen_root(code: Code, ref: Ref, one: ConstantSeen) -> Binding | None:
    """What the holder's first name is, as the function sees it in which the array came in, or the jitted one itself."""
    word, _, rest = one.holder.partition(".")
    for path, scope in _scopes(code, ref, one):
        home = code.names(path).home_of(word, scope)
        if home is not None:
            return _root_at(code, ref, path, home, word, rest)
    return None


def _scopes(code: Code, ref: Ref, one: ConstantSeen) -> list[tuple[str, ast.AST]]:
    """Where to ask for the name, first to last."""
    own: tuple[str, ast.AST] = (ref.path, ref.node)
    if one.at is None or one.at.path not in code.program.by_path:
        return [own] if one.how in AROUND else []
    try:
        names = code.names(one.at.path)
    except CannotEdit:
        return []
    inner = function_at(code, one.at.path, one.at.line)
    there = (one.at.path, inner.node if inner is not None else names.tree)
    if one.how not in AROUND or (one.at.path == ref.path and inner is not None and names.runs_in(inner.node, ref.node)):
        return [there]
    # Known by the jitted function, used in a method that it calls, where the word may mean something else.
    home = code.names(ref.path).home_of(one.holder.partition(".")[0], ref.node)
    return [own, there] if isinstance(home, FUNCTION_NODES) else [there, own]


AROUND = ("closure", "global")


def _root_at(code: Code, ref: Ref, path: str, home: ast.AST, word: str, rest: str) -> Binding | None:
    names = code.names(path)
    bound = names.bound_at(home, word)
    if bound and all(isinstance(node, ast.alias) for node in bound):
        target = code.imported(path, bound[0])  # type: ignore[arg-type]
        found = code.module_binding(target)
        return found or (code.module_binding(f"{target}.{rest.split('.')[0]}") if rest else None)
    root = Binding(path, home, word)
    if home is names.tree:
        return root
    own = own_object(code, ref)
    if own is not None:
        if root == own:
            return root
        theirs = own_object(code, Ref(path, home)) if isinstance(home, FUNCTIONS) else None
        same_class = theirs == root and path == ref.path and names.scope_of(home) is names.scope_of(ref.node)
        return own if same_class else None
    here = code.names(ref.path)
    if path == ref.path and isinstance(home, FUNCTION_NODES):
        around = here.scope_of(ref.node)
        if here.runs_in_scope(around, home):
            return root
        theirs = own_object(code, Ref(ref.path, home))
        while theirs == root and around is not here.tree:  # a helper method of the object that the function closes over
            outer = own_object(code, Ref(ref.path, around)) if isinstance(around, FUNCTIONS) else None
            if outer is not None and here.scope_of(around) is here.scope_of(home):
                return outer
            around = here.scope_of(around)
    return None


def function_at(code: Code, path: str, line: int) -> Ref | None:
    """The innermost function that a line stands in."""
    found: Ref | None = None
    for node in code.names(path).functions():
        if node.lineno <= line <= (node.end_lineno or node.lineno):
            if found is None or code.names(path).is_within(node, found.node):
                found = Ref(path, node)
    return found


def _through_calls(code: Code, ref: Ref, one: ConstantSeen) -> tuple[Binding, str] | None:
    """`telescope`, where the array came in as `self.modes` in `Telescope.image` and the function calls `telescope.image`:
    from the parameter of the innermost function up to what the jitted one hands in. With the path from there."""
    if one.at is None or one.at.path not in code.program.by_path:
        return None
    inner, word, rest = function_at(code, one.at.path, one.at.line), one.holder.partition(".")[0], ""
    for _ in range(DEEPEST):
        if inner is None or not isinstance(inner.node, FUNCTIONS):
            return None
        found = {step for step in _handed_in(code, ref, inner, word) if step is not None}
        if len(found) != 1:
            return None
        (path, node, home, suffix) = found.pop()
        rest = suffix + rest
        names = code.names(path)
        if not names.runs_in_scope(home, ref.node) or path != ref.path:
            inside = path == ref.path and names.runs_in(node, ref.node)
            if inside or not isinstance(home, FUNCTIONS):
                return Binding(path, home, node.id), rest
            inner, word = Ref(path, home), node.id
            continue
        return None
    return None


DEEPEST = 5
"""So many calls are followed upwards from where an array came in."""

_Step = tuple[str, ast.Name, ast.AST, str]


def _handed_in(code: Code, ref: Ref, inner: Ref, word: str) -> Iterator[_Step | None]:
    """What the calls inside the jitted function, or else in the functions that it may call, bring for a parameter."""
    given = inner.node.args
    positional = [argument.arg for argument in (*given.posonlyargs, *given.args)]
    method = own_object(code, inner) is not None
    if word not in positional:
        return
    place = positional.index(word) - (1 if method else 0)
    steps: list[tuple[bool, _Step | None]] = []
    for path in dict.fromkeys([ref.path, *code.paths_with(inner.name)]):
        names = code.names(path)
        for call in names.evaluated_in:
            if not isinstance(call, ast.Call):
                continue
            called = call.func.attr if isinstance(call.func, ast.Attribute) else getattr(call.func, "id", "")
            if called != inner.name and not (inner.name == "__call__" and isinstance(call.func, ast.Name)):
                continue
            value: ast.expr | None = None
            if place < 0:
                value = call.func.value if isinstance(call.func, ast.Attribute) else call.func
            elif place < len(call.args):
                value = call.args[place]
            else:
                value = next((one.value for one in call.keywords if one.arg == word), None)
            within = path == ref.path and names.runs_in(call, ref.node)
            step = _named_step(code, path, value) if value is not None else None
            if inner.name == "__call__" and step is not None and _is_function(code, path, step[1]):
                continue
            steps.append((within, step))
    near = [step for within, step in steps if within]
    yield from near or [step for _, step in steps]


def _named_step(code: Code, path: str, value: ast.expr) -> _Step | None:
    suffix = ""
    while isinstance(value, ast.Attribute):
        suffix, value = f".{value.attr}{suffix}", value.value
    if not isinstance(value, ast.Name):
        return None
    home = code.names(path).home(value)
    return (path, Uses.first(code, path, home, value), home, suffix) if home is not None else None


class Uses:
    """One node stands for all that read the same name, so that equal steps are one."""

    @staticmethod
    def first(code: Code, path: str, home: ast.AST | None, node: ast.Name) -> ast.Name:
        if home is None:
            return node
        around = code.names(path).function_around(node)
        same = [one for one in code.names(path).loads(home, node.id) if code.names(path).function_around(one) is around]
        return same[0] if same else node


def _is_function(code: Code, path: str, node: ast.Name) -> bool:
    names = code.names(path)
    home = names.home(node)
    return home is None or any(
        isinstance(one, (ast.alias, *FUNCTIONS, ast.ClassDef)) for one in names.bound_at(home, node.id)
    )
