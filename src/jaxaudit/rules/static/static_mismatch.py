"""Options of a jit that name no parameter, count past the last one, or say two things of one."""

from __future__ import annotations

import difflib
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, NamedTuple

from jaxaudit.model import Finding, Fix, Note, Place
from jaxaudit.rules.rule import Rule
from jaxaudit.rules.static.host_values import HOST_KINDS, declared, is_plain_class
from jaxaudit.source import calls as c
from jaxaudit.source import values as v
from jaxaudit.source.kinds import kind_of
from jaxaudit.source.program import Parameter, Program
from jaxaudit.source.sites import Site, calls_of, jit_sites
from jaxaudit.source.tracing import constants

if TYPE_CHECKING:
    from jaxaudit.edits import Edit, SourceText

CHECKED = frozenset({"jax.jit", "jax.pmap", "flax.nnx.jit"})


class Option(NamedTuple):
    """One option of a jit as written: its keyword, the literals in it, and where it stands."""

    keyword: str
    literals: tuple[Any, ...]
    value: v.Value


def match(program: Program) -> Iterator[Finding]:
    done: set[int] = set()
    for site in jit_sites(program):
        if site.use.name not in CHECKED or site.flow.function.module.context or id(site.call) in done:
            continue
        options = options_of(program, site)
        if not options:
            continue
        done.add(id(site.call))
        found = [*unknown_names(program, site, options), *numbers_too_far(program, site, options)]
        found = found or [*said_twice(program, site, options), *counted_with_self(program, site, options)]
        yield from found or names_beside_numbers(program, site, options)


def options_of(program: Program, site: Site) -> list[Option]:
    spec = site.use.spec
    out = []
    for keyword in (spec.static_nums, spec.static_names, spec.donate_nums, spec.donate_names):
        value = site.use.option(keyword) if keyword else None
        if value is not None:
            out.append(Option(keyword, tuple(constants(program, value)), value))
    return out


def parameters(site: Site) -> tuple[list[Parameter], bool, bool]:
    """The positional parameters that the jitted callable takes, and whether it takes any number, and any name."""
    found = site.function.all_parameters
    shift = (1 if site.target.receiver is not None else 0) + sum([len(p.args) - 1 for p in site.target.partials])
    positional = [p for p in found if p.kind == "positional"][shift:]
    return positional, any(p.kind == "*" for p in found), any(p.kind == "**" for p in found)


def seen_plainly(program: Program, value: v.Value, depth: int = 0) -> bool:
    """Whether the signature that jit sees is that of the def: no wrapper of unknown signature in between."""
    value = c.single(program, value)
    kind = value.__class__
    if kind is v.FunctionValue or kind is v.Attr:
        return True
    if kind is v.Call and depth < 6:
        use = c.transform_of(program, value)  # type: ignore[arg-type]
        name = c.known_name(program, value.func)  # type: ignore[attr-defined]
        if use is not None and use.spec.wraps and use.functions and use.name.startswith("jax."):
            return seen_plainly(program, use.functions[0][0], depth + 1)
        return name == "functools.partial" and seen_plainly(program, value.args[0], depth + 1)  # type: ignore[attr-defined]
    return False


def confidence(program: Program, site: Site) -> float:
    if len({id(t.function) for t in c.targets(program, site.value)}) > 1:
        return 0.5
    return 0.95 if seen_plainly(program, site.value) else 0.5


def place_of(program: Program, site: Site, option: Option) -> Place:
    """Where the option's value is written, or the jit when it comes from elsewhere."""
    value = option.value
    own = any(value is x for call in site.use.options for _, x in call.kwargs)
    if own and value.expr is not None and value.expr[0] in "kTu" and value.flow is site.flow:
        return program.place(value.flow, value.expr)._replace(function=site.function.qualname)
    return program.place(site.flow, site.call.expr)._replace(function=site.function.qualname)


def signature(program: Program, site: Site) -> Note:
    names = ", ".join([p.name for p in parameters(site)[0]])
    return Note(
        program.place_of_function(site.function), f"`{site.function.name}` takes {names or 'no positional parameter'}"
    )


# -- what is wrong -----------------------------------------------------------------------------------------------------


def unknown_names(program: Program, site: Site, options: list[Option]) -> Iterator[Finding]:
    names = {p.name for p in site.function.all_parameters if p.kind in ("positional", "keyword")}
    bound = {p.name for p in positional_before(site)}
    if parameters(site)[2]:
        return
    for option in options:
        for literal in option.literals:
            if not isinstance(literal, str) or (literal in names and literal not in bound):
                continue
            near = difflib.get_close_matches(literal, sorted(names - bound), n=1, cutoff=0.6)
            parts = [p.strip() for p in literal.replace(",", " ").split()]
            several = len(parts) > 1 and set(parts) <= names
            advice = (
                f"Write a tuple: {option.keyword}=({', '.join([repr(p) for p in parts])})."
                if several
                else f"Write `{near[0]}`." if near
                else f"`{literal}` is bound before the jit sees it." if literal in bound
                else ""
            )  # fmt: skip
            yield RULE.found(
                place_of(program, site, option),
                f"`{literal}` in `{option.keyword}` names no parameter of `{site.function.name}`"
                f"{' (it is one string, not several names)' if several else ''}: `{site.use.short}` raises an error",
                confidence(program, site),
                facts={"function": site.function.name, "option": option.keyword, "name": literal,
                       **({"nearest": near[0]} if near else {}), **({"names": parts} if several else {})},
                notes=[signature(program, site)],
                help=advice,
                fix=fix_of(option, literal, near, parts if several else []),
            )  # fmt: skip
            return


def fix_of(option: Option, literal: str, near: list[str], parts: list[str]) -> Fix | None:
    if option.keyword not in ("static_argnames", "donate_argnames"):
        return None
    if parts:
        return Fix("safe", "write the names as a tuple")
    return Fix("unsafe", f"`{literal}` becomes `{near[0]}`") if near else None


def positional_before(site: Site) -> list[Parameter]:
    """Parameters that are bound before the jit: self of a bound method, the leading ones of a partial."""
    found = [p for p in site.function.all_parameters if p.kind == "positional"]
    return found[: len(found) - len(parameters(site)[0])]


def numbers_too_far(program: Program, site: Site, options: list[Option]) -> Iterator[Finding]:
    positional, any_number, _ = parameters(site)
    if any_number:
        return
    for option in options:
        for literal in option.literals:
            if type(literal) is not int or -len(positional) <= literal < len(positional):
                continue
            keyword_only = [p.name for p in site.function.all_parameters if p.kind == "keyword"]
            why = ""
            if site.target.receiver is not None:
                why = " (`self` is bound already and is not counted)"
            elif site.target.partials:
                why = " (what `functools.partial` binds is not counted)"
            elif keyword_only:
                why = f" (`{keyword_only[0]}` is keyword-only and has no position)"
            yield RULE.found(
                place_of(program, site, option),
                f"position {literal} in `{option.keyword}` is past the {len(positional)} positional "
                f"parameter{'s' if len(positional) != 1 else ''} of `{site.function.name}`{why}: `{site.use.short}` raises an error",
                confidence(program, site),
                facts={"function": site.function.name, "option": option.keyword, "position": literal},
                notes=[signature(program, site)],
                help="Name the parameter: `static_argnames`, `donate_argnames`.",
            )  # fmt: skip
            return


def said_twice(program: Program, site: Site, options: list[Option]) -> Iterator[Finding]:
    both = sorted(site.static & site.donated)
    if both:
        option = options[-1]
        yield RULE.found(
            place_of(program, site, option),
            f"`{both[0]}` of `{site.function.name}` is both static and donated: `{site.use.short}` raises an error",
            confidence(program, site),
            facts={"function": site.function.name, "parameter": both[0], "options": [o.keyword for o in options]},
            notes=[signature(program, site)],
            help="Only arrays can be donated, and only plain values can be static: keep one of the two.",
        )


def counted_with_self(program: Program, site: Site, options: list[Option]) -> Iterator[Finding]:
    """`static_argnums=1` on a method counts `self` as 0: the one after it was meant."""
    function = site.function
    numbers = next((o for o in options if o.keyword == site.use.spec.static_nums), None)
    if numbers is None or function.owner is None or function.self_name is None or site.target.receiver is not None:
        return
    positional = parameters(site)[0]
    for literal in numbers.literals:
        if type(literal) is not int or not 0 < literal < len(positional) - 1:
            continue
        here, after = positional[literal], positional[literal + 1]
        if after.name in site.static or not holds_array(program, site, here) or not holds_plain(program, site, after):
            continue
        yield RULE.found(
            place_of(program, site, numbers),
            f"`{numbers.keyword}` counts `{function.self_name}` as 0, so position {literal} of `{function.name}` is the array "
            f"`{here.name}`, and not `{after.name}`",
            0.85,
            facts={"function": function.name, "option": numbers.keyword, "position": literal, "parameter": here.name, "meant": after.name},
            notes=[signature(program, site)],
            help=f'Write `static_argnames=("{after.name}",)`.',
        )  # fmt: skip
        return
    if 0 not in numbers.literals and is_plain_class(program, function.owner) and calls_of(program, site):
        yield RULE.found(
            place_of(program, site, numbers),
            f"`{function.self_name}` of the jitted method `{function.owner.name}.{function.name}` is position 0 and not static, and "
            f"`{function.owner.name}` is no pytree: the call raises an error",
            0.85,
            facts={"function": function.name, "option": numbers.keyword, "parameter": function.self_name},
            notes=[Note(program.place_of_class(function.owner), f"`{function.owner.name}` is declared here")],
            help=f"Make `{function.owner.name}` a pytree (`jax.tree_util.register_dataclass`, `eqx.Module`), or jit a function of its arrays.",
        )  # fmt: skip


def holds_array(program: Program, site: Site, parameter: Parameter) -> bool:
    bound = site.function.flow.bindings.get(parameter.name)
    return bool(bound) and kind_of(program, bound[0]).is_array  # type: ignore[index]


def holds_plain(program: Program, site: Site, parameter: Parameter) -> bool:
    bound = site.function.flow.bindings.get(parameter.name)
    return bool(declared(program, site.function, parameter.name)) or (
        bool(bound) and kind_of(program, bound[0]).what in HOST_KINDS  # type: ignore[index]
    )


def names_beside_numbers(program: Program, site: Site, options: list[Option]) -> Iterator[Finding]:
    """Names given beside numbers are static only when they are passed by name."""
    spec = site.use.spec
    numbers = next((o for o in options if o.keyword == spec.static_nums), None)
    names = next((o for o in options if o.keyword == spec.static_names), None)
    if numbers is None or names is None:
        return
    positional = [p.name for p in parameters(site)[0]]
    counted = {positional[n] for n in numbers.literals if type(n) is int and -len(positional) <= n < len(positional)}
    for name in names.literals:
        if not isinstance(name, str) or name in counted or name not in positional:
            continue
        by_position = [e for e in calls_of(program, site) if passes_by_position(e.call, positional.index(name))]
        yield RULE.found(
            place_of(program, site, names),
            f"`{name}` is in `{names.keyword}` but not in `{numbers.keyword}` of `{site.function.name}`: passed by position it is "
            "traced, passed by name it is static",
            0.8 if by_position else 0.5,
            facts={"function": site.function.name, "parameter": name, "options": [names.keyword, numbers.keyword]},
            notes=[signature(program, site)],
            help=f"Use `{names.keyword}` alone: JAX then finds the positions itself.",
        )
        return


def passes_by_position(call: v.Call, position: int) -> bool:
    return position < len(call.args) and not any(a.__class__ is v.Star for a in call.args[: position + 1])


def mend(finding: Finding, source: SourceText) -> tuple[Edit, ...]:
    """Names become those that the function has: the nearest one, or a tuple of several."""
    from jaxaudit.edits import CannotEdit, jit_site, rename_static_name, replace_expression

    facts = finding.facts
    site = jit_site(source, finding.place)
    if "names" in facts:
        return replace_expression(source, finding.place, "(" + ", ".join([f'"{n}"' for n in facts["names"]]) + ")")
    if "nearest" not in facts:
        raise CannotEdit("no parameter has a similar name")
    kind = "donate" if str(facts["option"]).startswith("donate") else "static"
    return rename_static_name(source, site, str(facts["name"]), str(facts["nearest"]), kind)


RULE = Rule(
    name="static-mismatch",
    title="static_argnums or static_argnames that fit no parameter",
    severity="error",
    dont="Count parameters that `self`, `partial` or a keyword-only `*` shift, name parameters that are not there, or make one both static and donated.",
    do="Name parameters by `static_argnames` and `donate_argnames`, as they stand in the `def`.",
    why="On JAX 0.10.2 and 0.12.0.1 a name or position that fits no parameter raises as soon as `jit` is applied (of 10 such "
    "spellings all 10 did), so does a parameter that is both static and donated; names beside numbers raise nothing, but hold "
    "only for arguments passed by name.",
    allowed="Functions that take `*args` or `**kwargs` accept any position or name.",
    may_break="A name that was never looked up may have hidden that the argument was traced: making it static compiles once per value.",
    sees=("source",),
    needs=(),
    examples=(),
    allowed_samples=(),
    match=match,
    mend=mend,
)
