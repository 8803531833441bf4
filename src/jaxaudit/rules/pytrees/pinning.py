"""What an audit proposes for `unstable-structure`: the dtype of a leaf written down where the leaf is made."""

from __future__ import annotations

import ast
import os
import re
from collections.abc import Iterator, Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING, NamedTuple

from jaxaudit.edits.edit import CannotEdit, Edit
from jaxaudit.edits.nodes import call_at
from jaxaudit.edits.pinning import NotWrittenOut, origins, pinned, steps_of, strengthened
from jaxaudit.model import Finding
from jaxaudit.model.spot import Spot
from jaxaudit.rules.predictions import fewer_of_one
from jaxaudit.rules.project import Change, Project, Refused
from jaxaudit.source.sites import calls_of, jit_sites

if TYPE_CHECKING:
    from jaxaudit.edits import SourceText
    from jaxaudit.source.callgraph import Edge

RISK = (
    "The value has this dtype from the start: whole numbers print as floats, and under another precision "
    "(`jax_enable_x64`) the name to write is another."
)
SAID = re.compile(r"(weak )?(bool|(?:bf|[fiuc])\d+)\[([^\]]*)\]")
LONG = {"bool": "bool_", "bf": "bfloat", "f": "float", "i": "int", "u": "uint", "c": "complex"}
ORDER = ("bool", "u", "i", "bf", "f", "c")
KINDS = ("weak-type", "dtype")
MOST = 12


class Kind(NamedTuple):
    """`weak f32[3]`, read."""

    weak: bool
    short: str
    shape: str

    @property
    def rank(self) -> tuple[int, int]:
        family = self.short.rstrip("0123456789")
        return ORDER.index(family), int(self.short[len(family) :] or 1)

    @property
    def dtype(self) -> str:
        family = self.short.rstrip("0123456789")
        return LONG[family] + self.short[len(family) :]


def propose(findings: Sequence[Finding], project: Project) -> Iterator[Change | Refused]:
    """One change for each function and leaf that a run saw come in two dtypes, or weak and strong."""
    left: dict[str, list[tuple[Finding, Refused]]] = {}
    for one in findings:
        if one.source != "run" or one.facts.get("kind") not in KINDS or not one.facts.get("leaves"):
            continue
        function = str(one.facts["function"])
        values = {**one.facts["values"], **one.facts.get("together", {})}
        leaves = [str(leaf) for leaf in (*one.facts["leaves"], *one.facts.get("together", ()))][:MOST]
        words = "`, `".join(leaves)
        at = Spot(one.place.path, one.place.line, function)
        title = f"`{words}` of `{function.rpartition('.')[2]}` made with one dtype"
        same = tuple(
            other for other in findings
            if other is one or (other.facts.get("function") == function.rpartition(".")[2]
                and other.facts.get("parameter") in {re.split(r"[.\[]", leaf)[0] for leaf in leaves})
        )  # fmt: skip
        try:
            edits, made = edits_of_leaves(
                one, {leaf: dtype_of([str(value) for value in values.get(leaf, ())]) for leaf in leaves}, project
            )
            said = list(made.values())
            leaves = list(made)
        except CannotEdit as error:
            refused = Refused(title, same, at, "does-not-apply", f"no change is written: {error}")
            left.setdefault(function, []).append((one, refused))
            continue
        yield Change(
            made_as(leaves, said, function.rpartition(".")[2]),
            same,
            at,
            {path: tuple(dict.fromkeys(some)) for path, some in edits.items()},
            expected=tuple(fewer_of_one(project.evidence, function, int(one.facts.get("recompiles") or 0))),
            risk=RISK,
            touched=(function,),
        )
    for function, group in left.items():
        yield from strong_before_the_calls(function, group, project)


def strong_before_the_calls(
    function: str, group: Sequence[tuple[Finding, Refused]], project: Project
) -> Iterator[Change | Refused]:
    """For leaves that are not written out where they are made: the whole tree made strong before the loop of the calls."""
    weak = [(finding, refused) for finding, refused in group if is_only_weak(finding)]
    yield from (refused for finding, refused in group if not is_only_weak(finding))
    roots = list(dict.fromkeys(re.split(r"[.\[]", str(leaf))[0] for one, _ in weak for leaf in one.facts["leaves"]))
    try:
        edits = strong_edits(weak[0][0], roots, project) if weak else {}
    except CannotEdit:
        edits = {}
    if not edits:
        yield from (refused for _, refused in weak)
        return
    words = " and ".join(f"`{root}`" for root in roots)
    name = function.rpartition(".")[2]
    first = weak[0][1]
    again = sum(int(one.facts.get("recompiles") or 0) for one, _ in weak)
    yield Change(
        f"{words} of `{name}` {'have' if len(roots) > 1 else 'has'} strong dtypes from the first call",
        tuple({id(one): one for _, refused in weak for one in refused.findings}.values()),
        first.at,
        edits,
        expected=tuple(fewer_of_one(project.evidence, function, again)),
        risk=RISK,
        touched=(function,),
    )


def edits_of_leaves(
    finding: Finding, dtypes: Mapping[str, str], project: Project
) -> tuple[dict[str, list[Edit]], dict[str, str]]:
    """The edits, and the leaves that they make. A leaf that a call makes of another argument (`state = tx.init(params)`) has the
    dtypes of that one, and follows it.
    """
    edits: dict[str, list[Edit]] = {}
    made: dict[str, str] = {}
    left: list[NotWrittenOut] = []
    for leaf, dtype in dtypes.items():
        try:
            found = edits_of(finding, leaf, dtype, project)
        except NotWrittenOut as error:
            left.append(error)
            continue
        made[leaf] = dtype
        for path, some in found.items():
            edits.setdefault(path, []).extend(some)
    roots = {re.split(r"[.\[]", leaf)[0] for leaf in made}
    for one in left:
        if not any(re.search(rf"\(.*\b{root}\b", one.text) for root in roots):
            raise one
    return edits, made


def is_only_weak(finding: Finding) -> bool:
    """Whether all its leaves come weak and strong, in one dtype and one shape."""
    for leaf in finding.facts["leaves"]:
        kinds = [SAID.fullmatch(str(value)) for value in finding.facts["values"].get(leaf, ())]
        if not kinds or any(kind is None for kind in kinds) or len({kind.groups()[1:] for kind in kinds if kind}) > 1:
            return False
    return True


def strong_edits(finding: Finding, roots: Sequence[str], project: Project) -> dict[str, tuple[Edit, ...]]:
    found: dict[str, tuple[Edit, ...]] = {}
    for edge in calls(finding, project):
        place = project.program.place(edge.call.flow, edge.call.expr)
        source = project.text(place.path)
        call = call_at(source, place)
        parameters = parameters_of(edge)
        handed = [argument_of(call, root, parameters) for root in roots]
        path = os.path.normpath(place.path)
        found[path] = (*found.get(path, ()), *strengthened(source, call, handed))
    return found


def made_as(leaves: Sequence[str], dtypes: Sequence[str], function: str) -> str:
    """`x` and `y` of `step` are made as float32; with two dtypes each leaf brings its own."""
    one_for_all = len(set(dtypes)) == 1
    words = [f"`{leaf}`" if one_for_all else f"`{leaf}` as {dtype}" for leaf, dtype in zip(leaves, dtypes)]
    listed = ", ".join(words[:-1]) + " and " + words[-1] if len(words) > 1 else words[0]
    verb = "are" if len(words) > 1 else "is"
    of = f"of `{function}`"
    return (
        f"{listed} {of} {verb} made as {dtypes[0]}"
        if one_for_all
        else f"{of[3:]} is handed {listed}, from the first call"
    )


def dtype_of(values: Sequence[str]) -> str:
    """The dtype in which all these values find room, whatever their shapes."""
    kinds = [Kind(bool(found[1]), found[2], found[3]) for value in values if (found := SAID.fullmatch(value))]
    if len(kinds) != len(values) or not kinds:
        raise CannotEdit("some of its values are no plain arrays")
    strong = [kind for kind in kinds if not kind.weak] or kinds
    widest = max(strong, key=lambda kind: kind.rank)
    if max(kind.rank[0] for kind in kinds) > widest.rank[0]:
        raise CannotEdit("a bare number of a wider kind comes beside an array")
    return widest.dtype


def edits_of(finding: Finding, leaf: str, dtype: str, project: Project) -> dict[str, list[Edit]]:
    """The leaf's dtype at each place of the project that makes it."""
    root, steps = steps_of(leaf)
    widened = any("enable_x64" in source.text.lower() for source in project.sources())
    found: dict[str, list[Edit]] = {}
    edges = list(calls(finding, project))
    if not edges:
        raise CannotEdit("its calls are not in sight")
    for edge in edges:
        place = project.program.place(edge.call.flow, edge.call.expr)
        source = project.text(place.path)
        call = call_at(source, place)
        handed = argument_of(call, root, parameters_of(edge))
        for home, node in origins(source, handed, steps, call, partial(file_of, project, source)):
            if not _is_that(home.of(node), dtype):
                found.setdefault(os.path.normpath(home.path), []).extend(pinned(home, node, dtype, widened))
    if not found:
        raise CannotEdit("every place that makes it writes the dtype already")
    return found


def file_of(project: Project, at: SourceText, module: str) -> SourceText | None:
    """The project's file of a dotted name, as a file beside it or below the root would import it."""
    beside = os.path.dirname(at.path)
    for folder in (beside, ""):
        path = os.path.normpath(os.path.join(folder, *module.strip(".").split(".")))
        for name in (f"{path}.py", os.path.join(path, "__init__.py")):
            if any(os.path.normpath(known) == name for known in project.program.by_path):
                return project.text(name)
    return None


def _is_that(text: str, dtype: str) -> bool:
    return re.search(rf"\b{dtype}\b", text) is not None


def calls(finding: Finding, project: Project) -> Iterator[Edge]:
    """The calls of the jitted function from outside any trace."""
    program = project.program
    name = str(finding.facts["function"]).rpartition(".")[2]
    path, line = finding.place.path, finding.place.line
    sites = [
        one for one in jit_sites(program)
        if one.function.name == name and os.path.normpath(one.function.module.path) == path
    ]  # fmt: skip
    just_there = [one for one in sites if line in (one.function.first_line, one.function.line)]
    for site in just_there or sites:
        for edge in calls_of(program, site):
            if edge.call.flow is not None and program.tracing.context(edge.caller) is None:
                yield edge


def parameters_of(edge: Edge) -> list[str]:
    """Those that a call hands over, in their order: a method's object stands before the dot."""
    names = [one.name for one in edge.target.function.all_parameters]
    return names[1:] if edge.target.receiver is not None else names


def argument_of(call: ast.Call, name: str, parameters: Sequence[str]) -> ast.expr:
    by_name = next((one.value for one in call.keywords if one.arg == name), None)
    if by_name is not None:
        return by_name
    at = parameters.index(name) if name in parameters else len(call.args)
    if at >= len(call.args) or any(isinstance(one, ast.Starred) for one in call.args[: at + 1]):
        raise CannotEdit(f"the call does not hand in `{name}` in plain sight")
    return call.args[at]
