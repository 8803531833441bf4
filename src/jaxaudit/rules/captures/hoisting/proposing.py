"""Changes that make captured arrays arguments: hoisted into the signature, bound outside, or by a setting of JAX."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import replace

from jaxaudit.edits import CannotEdit, Edit, SourceText, expression_at, parents_of
from jaxaudit.edits.jit_sites import JitSite, jit_site
from jaxaudit.edits.lifting import lifted
from jaxaudit.edits.nodes import FUNCTIONS
from jaxaudit.model import Finding
from jaxaudit.model.proposal import Expected
from jaxaudit.model.spot import Spot
from jaxaudit.rules.boundaries.subclasses import must_have_no_other_method
from jaxaudit.rules.captures.hoisting.chain import Chain, Load
from jaxaudit.rules.captures.hoisting.jits import jits_of, outermost
from jaxaudit.rules.captures.hoisting.payload import Payload, payloads
from jaxaudit.rules.captures.hoisting.project_code import Code
from jaxaudit.rules.captures.hoisting.roots import Captures, Holder, captures_of
from jaxaudit.rules.captures.hoisting.steady import Rebound, must_be_steady
from jaxaudit.rules.captures.hoisting.way import Held, Way
from jaxaudit.rules.captures.hoisting.ways import bound_outside, default_outside, into_signature
from jaxaudit.rules.project import Change, Project, Refused

SHARE = 32
"""What is smaller than this part of the budget may stay captured beside what is hoisted."""
SETTING = "JAX_USE_SIMPLIFIED_JAXPR_CONSTANTS"
SINCE = (0, 7)
"""The first JAX that has the setting."""


def propose(findings: Sequence[Finding], project: Project) -> Iterator[Change | Refused]:
    code = Code(project)
    for captures in captures_of(code, findings, project.evidence):
        captures.inner = captures.function
        try:
            tops = outermost(code, captures.function) if not captures.defaults else []
            for top in tops or [captures.function]:
                yield from of_function(code, replace(captures, function=top), project)
        except CannotEdit as error:  # a file that does not parse, say
            yield refused(captures, (), APPLY, str(error))


def of_function(code: Code, captures: Captures, project: Project) -> Iterator[Change | Refused]:
    """The ways for one jitted function, best first."""
    if captures.bytes <= project.wishes.captured_bytes and not costly(captures):
        return
    if captures.site is None and project.evidence.functions:
        yield refused(captures, (), "not-tried", f"`{captures.function.name}` compiled no large constant in this run")
        return
    least = project.wishes.captured_bytes // SHARE if captures.bytes > project.wishes.captured_bytes else 0
    holders = sorted(captures.holders.values(), key=lambda one: -one.bytes)
    holders = [one for one in holders if one.bytes > least or not (one.bytes or captures.site)] or unnamed(captures)
    holders = [one for one in holders if one.root.name not in captures.as_defaults]
    refusals: list[Refused] = []
    steady: list[Holder] = []
    jits = jits_of(code, captures.function)
    for holder in holders:
        try:
            must_be_steady(code, captures.function, holder.root, jits, holder.arrays)
            steady.append(holder)
        except CannotEdit as error:
            refusals.append(
                refused(captures, [holder], "rebound-later" if isinstance(error, Rebound) else APPLY, str(error))
            )
    found: list[Change | Refused] = list(by_own_fix(code, captures, project))
    found += changes(code, captures, steady, project) if steady else []
    edits = [one for one in found if isinstance(one, Change)]
    if not found and not refusals:
        found += by_lifting(code, captures, project)
    yield from found
    yield from refusals
    if not holders and not found:
        yield refused(captures, [], APPLY, not_held(captures))
    if not any(one.code == "rebound-later" for one in refusals):
        yield from by_setting(captures, project, [*edits])


def not_held(captures: Captures) -> str:
    """Why there is no name that could be handed in: the largest array belongs to a function that came as a value, perhaps."""
    known = [one for one in captures.lost if one.at is not None and not within(one.at, captures)]
    lost = max(known, key=lambda one: one.bytes, default=None)
    owner = lost.at.function.rpartition(".")[0] if lost is not None and lost.at is not None else ""
    if lost is None or lost.at is None or lost.how != "closure" or not owner:
        return "what holds the captured arrays was not found in the source"
    return comes_as_value(captures, lost.holder, owner, f"{lost.at.path}:{lost.at.line}")


def comes_as_value(captures: Captures, name: str, owner: str, where: str) -> str:
    """Why an array of a function that is made elsewhere can't be handed in, and what its author can do."""
    return (
        f"`{name}` belongs to `{owner}` ({where}): a function that reads it comes to `{captures.function.name}` as a value, of "
        f"which JAX sees no arrays. Make it a module or dataclass that JAX knows, with `{name}` as a field, and hand that in"
    )


def elsewhere(captures: Captures, holders: list[Holder]) -> str:
    """The sentence where a name that holds the arrays is local to a function around which the jitted one does not stand."""
    for holder in holders:
        scope = holder.root.scope
        if isinstance(scope, FUNCTIONS) and not any(node is captures.function.node for node in ast.walk(scope)):
            return comes_as_value(captures, holder.root.name, scope.name, f"{holder.root.path}:{scope.lineno}")
    return ""


def within(at: Spot, captures: Captures) -> bool:
    """Whether code belongs to the jitted function itself: a function that it defines, say."""
    return f".{captures.function.name}." in f".{at.function}"


def unnamed(captures: Captures) -> list[Holder]:
    """Where the run saw the arrays in the middle of a library: the only name of unknown contents that the source shows."""
    found = [one for one in captures.holders.values() if not one.bytes]
    if len(found) != 1 or not captures.lost:
        return []
    found[0].add("", sum(one.bytes for one in captures.lost))
    return found


def by_own_fix(code: Code, captures: Captures, project: Project) -> Iterator[Change]:
    """`jit(partial(f, x))` becomes `partial(jit(f), x)`; a default that is an array is bound outside."""
    for finding in captures.findings:
        if finding.fix is None:
            continue
        try:
            edits = swap(code.source(finding.place.path), finding)
        except CannotEdit:
            continue
        size = int(finding.facts.get("bytes") or 0)
        yield Change(
            title="Bind outside of the jit: `functools.partial` of the jitted function",
            findings=tuple(captures.findings),
            at=spot_of(captures),
            edits={finding.place.path: edits},
            expected=expected(captures, size or captures.bytes, project),
            risk=RISK,
            group=group_of(captures),
            touched=(captures.site.name if captures.site is not None else captures.function.name,),
        )
    for name in captures.defaults:
        try:
            way = default_outside(code, captures.function, name, jits_of(code, captures.function))
        except CannotEdit:
            continue
        yield Change(
            title=f"Bind the default `{name}` outside of the jit, with a `functools.partial` of jitted "
            f"`{captures.function.name}`",
            findings=tuple(captures.findings),
            at=spot_of(captures),
            edits=way.edits,
            expected=expected(captures, captures.bytes, project),
            risk=RISK,
            group=group_of(captures),
            touched=(captures.site.name if captures.site is not None else captures.function.name,),
        )


def by_lifting(code: Code, captures: Captures, project: Project) -> Iterator[Change]:
    """`jit(grad(partial(f, x)))` in a function: jitted at module level, what it reads handed in at each call."""
    name = captures.site.name if captures.site is not None else ""
    spot = next((one.jitted_at for one in project.evidence.compiles if one.site.name == name and one.jitted_at), None)
    if spot is None or spot.path not in code.program.by_path:
        return
    try:
        source, names = code.source(spot.path), code.names(spot.path)
        site = jit_on(source, spot.line)
        new = lifted(source, site)
        must_have_no_other_method(project, source, site.node)
    except CannotEdit:
        return
    calls = {
        one.partition(".")[0]: names.bound_at(scope, one.partition(".")[0])
        for one in new.arguments
        for scope in names.bindings
        if scope is not names.tree
    }
    if any(len(bound) > 1 for bound in calls.values()):
        return  # rebound perhaps after it was made
    words = [f"`{one}`" for one in new.arguments]
    listed = ", ".join(words[:-1]) + " and " + words[-1] if len(words) > 1 else "".join(words)
    yield Change(
        title=f"Hand {listed} in as {'arguments' if len(words) > 1 else 'an argument'} of `{new.name}`, jitted at module level",
        findings=tuple(captures.findings),
        at=spot_of(captures),
        edits={spot.path: new.edits},
        expected=expected(captures, captures.bytes, project, renamed=True),
        risk=RISK,
        group=group_of(captures),
        touched=tuple(dict.fromkeys((name, captures.function.name, new.name))),
    )


def jit_on(source: SourceText, line: int) -> JitSite:
    """The only call of a jit on a line."""
    found: dict[int, JitSite] = {}
    for node in ast.walk(source.tree):
        if isinstance(node, ast.Call) and node.lineno == line:
            with suppress(CannotEdit):
                site = jit_site(source, source.place(node))
                if site.node is site.options:
                    found[id(site.node)] = site
    if len(found) != 1:
        raise CannotEdit("the line that jits it was not found")
    return next(iter(found.values()))


def swap(source: SourceText, finding: Finding) -> tuple[Edit, ...]:
    from jaxaudit.rules.captures.partial_outside import swap as swapped

    return swapped(source, parents_of(source, expression_at(source, finding.place))[0])  # type: ignore[arg-type]


APPLY = "does-not-apply"


def changes(code: Code, captures: Captures, holders: list[Holder], project: Project) -> Iterator[Change | Refused]:
    """Every way in which the holders together can become arguments."""
    ref = captures.function
    jits = jits_of(code, ref)
    keeps = project.wishes.keep_signatures or code.is_exported(ref)
    reasons: dict[str, str] = {}
    done: set[str] = set()
    for payload in payloads(code, captures, holders, jits):
        again = bool(done)
        for how in ("signature", "outside"):
            code.signatures_changed.clear()
            try:
                if how == "signature" and keeps and not _is_local(code, captures):
                    raise Held(f"`{ref.name}` is offered to others: its signature stays")
                way = (into_signature if how == "signature" else bound_outside)(code, ref, payload.loads, jits)
                way = payload.finish(code, way, jits)
                _reaches(code, captures, holders, payload.loads)
            except CannotEdit as error:
                key = "held" if isinstance(error, Held) else how
                reasons.setdefault(key, str(error))
                continue
            text = repr(sorted(way.edits.items()))
            if text not in done:
                done.add(text)
                signature = how == "signature" or bool(code.signatures_changed)
                yield change(captures, holders, payload, way, signature, project)
                if again:
                    break  # should JAX not take the holder whole, one way more is enough
    if "held" in reasons:
        yield refused(captures, holders, APPLY, f"{reasons['held']}, so it is not made a parameter there")
    if not done:
        text = reasons.get("outside") or reasons.get("signature") or "no way to hand it in was found"
        yield refused(captures, holders, APPLY, elsewhere(captures, holders) or text)


def _is_local(code: Code, captures: Captures) -> bool:
    ref = captures.function
    names = code.names(ref.path)
    return names.scope_of(ref.node) is not names.tree


def _reaches(code: Code, captures: Captures, holders: list[Holder], loads: list[Load]) -> None:
    """What came in at a line must be read by a function that takes it now."""
    by_root = {load.root: load for load in loads}
    for holder in holders:
        load = by_root.get(holder.root)
        if load is None:
            continue
        chain = Chain(code, captures.function, load)
        if not any(True for taker in chain.takers for _ in chain.reads(taker)):
            raise CannotEdit(
                f"`{captures.function.name}` reaches `{holder.root.name}` through a function made elsewhere"
            )
        for spot in holder.spots:
            deeper = load.whole or all(
                any(path.startswith((f"{item.suffix}.", f"{item.suffix}[")) for item in load.items)
                for path in holder.arrays
            )
            if not chain.covers(spot.path, spot.line) and (not deeper or reads_root(code, chain, spot)):
                raise CannotEdit(f"`{holder.root.name}` is also read at {spot}, which no argument reaches")


def reads_root(code: Code, chain: Chain, spot: Spot) -> bool:
    """Whether a line reads the very name that is hoisted."""
    if spot.path not in code.program.by_path:
        return False
    names = code.names(spot.path)
    return any(
        isinstance(node, ast.Name | ast.Attribute) and node.lineno == spot.line and isinstance(node.ctx, ast.Load)
        and code.binding(spot.path, node) == chain.load.root
        for node in names.evaluated_in
    )  # fmt: skip


def costly(captures: Captures) -> bool:
    """Whether a finding says that work on a small captured array is what costs."""
    return any("captured_bytes" in one.facts for one in captures.findings)


# -- how it is told ----------------------------------------------------------------------------------------------------


def spot_of(captures: Captures) -> Spot:
    if captures.site is not None:
        return captures.site.spot
    first = captures.findings[0].place
    return Spot(captures.function.path, captures.function.node.lineno, first.function)


def group_of(captures: Captures) -> str:
    top = captures.function
    return f"captured {top.path}:{top.node.lineno} {'' if top == captures.inner else captures.inner.name}".strip()


def named(holders: Sequence[Holder]) -> str:
    """`self.kernel`, `telescope` and `table`."""
    words = []
    for one in holders:
        paths = [path for path in one.arrays if not path.startswith("?")]
        own = one.root.name in ("self", "cls") and paths
        words += [f"`{one.root.name}{path}`" for path in paths[:3]] if own else [f"`{one.root.name}`"]
    return ", ".join(words[:-1]) + " and " + words[-1] if len(words) > 1 else "".join(words)


TITLES = {
    "signature": "Hand {holders} in as {an_argument} of {function}",
    "partial": "Bind {holders} outside of the jit, with a `functools.partial` of jitted {function}",
    "wrapper": "Hand {holders} to a jitted inner function; {function} stays as callers know it",
}
RISK = (
    "XLA no longer folds what it computes from the array alone: last digits may move, and a call may take longer if "
    "much of its work was folded."
)


def change(
    captures: Captures, holders: list[Holder], payload: Payload, way: Way, signature: bool, project: Project
) -> Change:
    function = f"`{captures.function.name}`" if captures.function.name != "<lambda>" else "lambda"
    title = TITLES[way.how].format(
        holders=named(holders), function=function, an_argument="an argument" if len(holders) == 1 else "arguments"
    )
    name = captures.site.name if captures.site is not None else captures.function.name
    prefix = name.rpartition(".")[0] if captures.function == captures.inner else ""
    inside = captures.function != captures.inner
    inner = f"{prefix}.{way.name}" if prefix else way.name
    return Change(
        title=title + payload.note,
        findings=tuple(captures.findings),
        at=spot_of(captures),
        edits=way.edits,
        expected=expected(captures, sum(one.bytes for one in holders), project, renamed=inner != name and not inside),
        risk=RISK,
        changes_signature=signature,
        group=group_of(captures),
        touched=tuple(dict.fromkeys((name, captures.function.name, inner)))
        if inside
        else tuple(dict.fromkeys((name, inner))),
    )


def refused(captures: Captures, holders: Sequence[Holder], code: str, text: str) -> Refused:
    what = named(holders) or "captured arrays"
    return Refused(
        title=f"Make {what} an argument of `{captures.function.name}`",
        findings=tuple(captures.findings),
        at=spot_of(captures),
        code=code,
        text=(text if is_place(text) else text[:1].upper() + text[1:]) + ("" if text.endswith(".") else "."),
    )


def is_place(text: str) -> bool:
    """Whether a sentence begins with a file's name, which stays as it is."""
    return ".py" in text.partition(" ")[0]


def expected(captures: Captures, hoisted: int, project: Project, renamed: bool = False) -> tuple[Expected, ...]:
    """What the run measured, and what is left when the hoisted arrays are gone; compiles stay as many."""
    site = captures.site
    if site is None:
        return ()
    seen = next((one for one in project.evidence.functions if one.site.spot == site.spot), None)
    was = float(max(captures.seen, seen.constants_bytes if seen is not None else 0))
    left = max(0.0, was - hoisted)
    found = [Expected("constants_bytes", was, left, 0.0, left + 0.02 * was, site.name)]
    if seen is not None and seen.compiles and not renamed:
        count = float(seen.compiles)
        found.append(Expected("compiles", count, count, count, count, site.name))
    return tuple(found)


def by_setting(captures: Captures, project: Project, edits: list[Change]) -> Iterator[Change]:
    """The setting with which JAX itself makes hidden arguments of captured arrays."""
    version = project.evidence.environment.jax
    numbers = tuple(int(part) for part in version.split(".")[:2] if part.isdigit())
    if (len(numbers) == 2 and numbers < SINCE) or captures.bytes <= project.wishes.captured_bytes:
        return
    name = captures.site.name if captures.site is not None else captures.function.name
    was = float(captures.bytes)
    yield Change(
        title=f"Set {SETTING}=1: JAX makes hidden arguments of captured arrays",
        findings=tuple(captures.findings),
        at=spot_of(captures),
        setting={"env": {SETTING: "1"}},
        expected=(Expected("constants_bytes", was, 0.0, 0.0, was, name),) if captures.site is not None else (),
        risk="The setting must be in the environment before JAX is imported; it is experimental, and off by default.",
        group=group_of(captures),
        touched=(name,),
    )
