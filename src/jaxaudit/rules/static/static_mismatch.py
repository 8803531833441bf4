"""Options of a jit that name no parameter, count past the last one, or say two things of one."""

from __future__ import annotations

import difflib
from collections.abc import Iterator
from typing import TYPE_CHECKING

from jaxaudit.model import Finding, Fix, Note
from jaxaudit.rules.rule import Example, Rule, Sample
from jaxaudit.rules.static.host_values import is_plain_class
from jaxaudit.rules.static.jit_signature import (
    Option,
    confidence,
    holds_array,
    holds_plain,
    options_of,
    parameters,
    passes_by_position,
    place_of,
    positional_before,
    signature,
)
from jaxaudit.source.program import Program
from jaxaudit.source.sites import Site, calls_of, jit_sites

if TYPE_CHECKING:
    from jaxaudit.edits import Edit, SourceText

CHECKED = frozenset({"jax.jit", "jax.pmap", "flax.nnx.jit"})


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
                f"parameter{'s' if len(positional) != 1 else ''} of `{site.function.name}`{why}: `{site.use.short}` "
                "raises an error",
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
            f"`{numbers.keyword}` counts `{function.self_name}` as 0, so position {literal} of `{function.name}` is "
            "the array "
            f"`{here.name}`, and not `{after.name}`",
            0.85,
            facts={
                "function": function.name,
                "option": numbers.keyword,
                "position": literal,
                "parameter": here.name,
                "meant": after.name,
            },
            notes=[signature(program, site)],
            help=f'Write `static_argnames=("{after.name}",)`.',
        )  # fmt: skip
        return
    if 0 not in numbers.literals and is_plain_class(program, function.owner) and calls_of(program, site):
        yield RULE.found(
            place_of(program, site, numbers),
            f"`{function.self_name}` of the jitted method `{function.owner.name}.{function.name}` is position 0 and "
            "not static, and "
            f"`{function.owner.name}` is no pytree: the call raises an error",
            0.85,
            facts={"function": function.name, "option": numbers.keyword, "parameter": function.self_name},
            notes=[Note(program.place_of_class(function.owner), f"`{function.owner.name}` is declared here")],
            help=f"Make `{function.owner.name}` a pytree (`jax.tree_util.register_dataclass`, `eqx.Module`), or jit "
            "a function of its arrays.",
        )  # fmt: skip


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
            f"`{name}` is in `{names.keyword}` but not in `{numbers.keyword}` of `{site.function.name}`: passed by "
            "position it is "
            "traced, passed by name it is static",
            0.8 if by_position and not site.use.is_own else 0.5,
            facts={"function": site.function.name, "parameter": name, "options": [names.keyword, numbers.keyword]},
            notes=[signature(program, site)],
            help=f"Use `{names.keyword}` alone: JAX then finds the positions itself.",
        )
        return


def mend(finding: Finding, source: SourceText) -> tuple[Edit, ...]:
    """Names become those that the function has: the nearest one, or a tuple of several."""
    from jaxaudit.edits import CannotEdit, jit_site, rename_static_name, replace_expression

    facts = finding.facts
    site = jit_site(source, finding.place)
    if "names" in facts:
        return replace_expression(source, finding.place, "(" + ", ".join([f'"{n}"' for n in facts["names"]]) + ")")
    if "nearest" not in facts:
        raise CannotEdit("no parameter has a similar name")
    old, new = str(facts["name"]), str(facts["nearest"])
    if str(facts["option"]).startswith("donate"):
        return rename_static_name(source, site, old, new, "donate")
    return rename_static_name(source, site, old, new)


RULE = Rule(
    name="static-mismatch",
    title="static_argnums or static_argnames that fit no parameter",
    severity="error",
    dont="Count parameters that `self`, `partial` or a keyword-only `*` shift, name parameters that are not there, "
    "or make one both static and donated.",
    do="Name parameters by `static_argnames` and `donate_argnames`, as they stand in the `def`.",
    why="On JAX 0.10.2 and 0.12.0.1 a name or position that fits no parameter raises as soon as `jit` is applied (of "
    "10 such "
    "spellings all 10 did), so does a parameter that is both static and donated; names beside numbers raise nothing, "
    "but hold "
    "only for arguments passed by name.",
    allowed="Functions that take `*args` or `**kwargs` accept any position or name.",
    may_break="A name that was never looked up may have hidden that the argument was traced: making it static "
    "compiles once per value.",
    sees=("source",),
    needs=(),
    examples=(
        Example(
            "a name that was changed",
            dont=Sample(
                """import functools

import jax
import jax.numpy as jnp


@functools.partial(jax.jit, static_argnames=("n_bin",))  # fault
def histogram(x, n_bins):
    return jnp.histogram(x, n_bins)[0]
""",
                shows="'invalid argnames' in raised",
            ),
            do=Sample(
                """import functools

import jax
import jax.numpy as jnp


@functools.partial(jax.jit, static_argnames=("n_bins",))
def histogram(x, n_bins):
    return jnp.histogram(x, n_bins)[0]
""",
                shows="not raised",
            ),
            fixed_by_us=True,
        ),
        Example(
            "two names in one string",
            dont=Sample(
                """import jax
import jax.numpy as jnp


def grid(scale, rows, columns):
    return scale * jnp.ones((rows, columns))


fast_grid = jax.jit(grid, static_argnames="rows, columns")  # fault
""",
                shows="'invalid argnames' in raised",
            ),
            do=Sample(
                """import jax
import jax.numpy as jnp


def grid(scale, rows, columns):
    return scale * jnp.ones((rows, columns))


fast_grid = jax.jit(grid, static_argnames=("rows", "columns"))
""",
                shows="not raised",
            ),
            fixed_by_us=True,
        ),
        Example(
            "positions of a bound method",
            dont=Sample(
                """import jax
import jax.numpy as jnp


class Sampler:
    def __init__(self):
        self.draw = jax.jit(self._draw, static_argnums=2)  # fault

    def _draw(self, key, count):
        return jax.random.normal(key, (count,))


Sampler()
""",
                shows="'only accepts 2 positional' in raised",
            ),
            do=Sample(
                """import jax
import jax.numpy as jnp


class Sampler:
    def __init__(self):
        self.draw = jax.jit(self._draw, static_argnames=("count",))

    def _draw(self, key, count):
        return jax.random.normal(key, (count,))


Sampler()
""",
                shows="not raised",
            ),
        ),
        Example(
            "static and donated",
            dont=Sample(
                """import functools

import jax
import jax.numpy as jnp


@functools.partial(jax.jit, static_argnums=(1,), donate_argnums=(0, 1))  # fault
def advance(state, steps):
    return state + steps
""",
                shows="'cannot intersect' in raised",
            ),
            do=Sample(
                """import functools

import jax
import jax.numpy as jnp


@functools.partial(jax.jit, static_argnums=(1,), donate_argnums=(0,))
def advance(state, steps):
    return state + steps
""",
                shows="not raised",
            ),
        ),
    ),
    allowed_samples=(
        Sample(
            """import functools

import jax
import jax.numpy as jnp


@functools.partial(jax.jit, static_argnums=(2,), static_argnames=("scale",))
def combine(*parts, **options):
    return parts[0] * options["scale"]


combine(jnp.ones(3), 1.0, 2, scale=3)
""",
            shows="not raised",
        ),
    ),
    match=match,
    mend=mend,
)
