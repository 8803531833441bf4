"""A list, a dict or another unhashable object in a static position."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from jaxaudit.model import Finding, Fix, Note
from jaxaudit.rules.control_flow.in_sight import DOUBTED, behind_try, in_sight
from jaxaudit.rules.rule import Example, Rule, Sample
from jaxaudit.rules.static.origins import Handed, Origin, argument_expr, handed_statics, origins
from jaxaudit.rules.static.static_options import how_static, static_place
from jaxaudit.rules.static.unhashable_values import is_unfrozen, unhashable, unhashable_class
from jaxaudit.source import values as v
from jaxaudit.source.calls import is_classmethod
from jaxaudit.source.facts import text
from jaxaudit.source.program import Program
from jaxaudit.source.scopes import Class
from jaxaudit.source.sites import jit_sites

if TYPE_CHECKING:
    from jaxaudit.edits import Edit, SourceText


def match(program: Program) -> Iterator[Finding]:
    told: set[tuple[int, str]] = set()
    for handed in handed_statics(program):
        key = (id(handed.site.call), handed.name)
        if key in told:
            continue
        every = origins(program, handed.value, (handed.call,))
        for origin in every:
            what, cls = unhashable(program, origin.value)
            if what and not (cls is handed.site.function.owner and handed.name == handed.site.function.self_name):
                told.add(key)
                yield finding_of(program, handed, origin, what, cls, len(every))
                break
    yield from selves(program, told)


def finding_of(program: Program, handed: Handed, origin: Origin, what: str, cls: Class | None, ways: int) -> Finding:
    site, call, value = handed.site, handed.call, origin.value
    assert call.flow is not None
    written = argument_expr(call, handed.value)
    notes = [Note(static_place(program, site, handed.name), f"`{handed.name}` is static here")]
    if cls is not None:
        notes.append(Note(program.place_of_class(cls), f"`{cls.name}` is declared here"))
    elif value.expr is not None and value.flow is not None and value.expr is not written:
        notes.append(Note(program.place(value.flow, value.expr), "it is made here"))
    place = program.place(call.flow, written)
    literal = handed.value.__class__ is v.Sequence and handed.value.kind == "list" and what == "a list"
    frozen = cls is not None and is_unfrozen(program, cls) and cls.module.path == place.path
    fix = (
        Fix("safe", f"hand `{handed.name}` a tuple")
        if literal
        else Fix("unsafe", f"freeze `{cls.name}`")
        if frozen and cls is not None
        else None
    )
    sure = 0.9 if ways == 1 else 0.85
    if origin.calls != (call,) and not in_sight(program, call.flow.function, origin.calls):
        sure = DOUBTED
    if behind_try(call):
        sure = 0.4
    if isinstance(handed.value, v.Free) and len(handed.value.values()) > 1 and ways > 1:
        sure = 0.5  # a name that is bound again, perhaps as a tuple: `basis = tuple(basis)`
    return RULE.found(
        place,
        f"`{text(written, 40)}` for the static `{handed.name}` of `{site.function.name}` is {what}: it can't be "
        "hashed, "
        "and the call raises an error",
        sure,
        facts={"parameter": handed.name, "function": site.function.name, "value": text(written, 40), "unhashable": what,
               "static": how_static(site)},
        notes=notes,
        help="Hand in a tuple." if what in ("a list", "a set")
        else f"Declare `{cls.name}` with `frozen=True`." if frozen and cls is not None else "",
        fix=fix,
    )  # fmt: skip


def selves(program: Program, told: set[tuple[int, str]]) -> Iterator[Finding]:
    """`static_argnums=0` on a method of a class whose instances can't be hashed: every call raises."""
    for site in jit_sites(program):
        function = site.function
        owner, name = function.owner, function.self_name
        if owner is None or name is None or name not in site.static or (id(site.call), name) in told:
            continue
        if site.flow.function.module.context or (function.bound is not None and is_classmethod(function.bound)):
            continue
        what, cls = unhashable_class(program, owner)
        if cls is None:
            continue
        place = static_place(program, site, name)
        yield RULE.found(
            place,
            f"`{name}` of the jitted `{owner.name}.{function.name}` is static, and {what}: it can't be hashed, and every "
            "call raises an error",
            0.85,
            help=""
            if is_unfrozen(program, owner)
            else "Jit a function of the arrays, or `equinox.filter_jit` the method.",
            facts={"parameter": name, "function": function.name, "class": owner.name},
            notes=[Note(program.place_of_class(owner), f"`{owner.name}` is declared here")],
            fix=Fix("unsafe", f"freeze `{owner.name}`")
            if is_unfrozen(program, owner) and owner.module.path == place.path
            else None,
        )


def mend(finding: Finding, source: SourceText) -> tuple[Edit, ...]:
    """A list literal becomes a tuple; a dataclass becomes frozen."""
    import ast

    from jaxaudit.edits import CannotEdit, Edit, node_at, set_decorator_argument
    from jaxaudit.edits.decorators import decorator_named

    if finding.fix is not None and finding.fix.applicability == "safe":
        literal = node_at(source, finding.place, ast.List)
        start, end = source.span(literal)
        comma = "," if len(literal.elts) == 1 and not source.text[start + 1 : end - 1].rstrip().endswith(",") else ""
        return (Edit(start, start + 1, "("), Edit(end - 1, end, f"{comma})"))
    declared = next((n.place for n in finding.notes if n.text.endswith("is declared here")), None)
    if declared is None:
        raise CannotEdit("the class is not shown")
    cls = node_at(source, declared, ast.ClassDef)
    return set_decorator_argument(source, decorator_named(source, cls, "dataclasses.dataclass"), "frozen", "True")


RULE = Rule(
    name="unhashable-static",
    title="static argument that can't be hashed",
    severity="error",
    dont="Hand a list, a dict, a set or an object without a hash to a static argument.",
    do="Hand in a tuple or a frozen dataclass, or trace the argument.",
    why="A static argument is a key of the cache, so it must be hashable: on JAX 0.10.2 and 0.12.0.1 a list, dict, "
    "set, "
    "`SimpleNamespace`, unfrozen dataclass, or a tuple that holds one of them, raises `ValueError: Non-hashable static "
    "arguments are not supported` at the first call.",
    allowed="An unhashable default that no call passes: defaults are not hashed.",
    may_break="A frozen dataclass can't be assigned to; a tuple can't be appended to.",
    sees=("source", "run"),
    needs=("argument_values",),
    examples=(
        Example(
            "a list of sizes",
            dont=Sample(
                """import functools

import jax
import jax.numpy as jnp


@functools.partial(jax.jit, static_argnames=("sizes",))
def build(x, sizes):
    return [jnp.ones(n) * x for n in sizes]


build(2.0, sizes=[8, 8])  # fault
""",
                shows="'Non-hashable static arguments' in raised",
            ),
            do=Sample(
                """import functools

import jax
import jax.numpy as jnp


@functools.partial(jax.jit, static_argnames=("sizes",))
def build(x, sizes):
    return [jnp.ones(n) * x for n in sizes]


build(2.0, sizes=(8, 8))
""",
                shows="compiles('build') == 1",
            ),
            fixed_by_us=True,
        ),
        Example(
            "a dataclass that is not frozen",
            dont=Sample(
                """import dataclasses

import jax
import jax.numpy as jnp


@dataclasses.dataclass
class Settings:
    bins: int = 3


def histogram(x, settings):
    return jnp.histogram(x, settings.bins)[0]


fast = jax.jit(histogram, static_argnums=(1,))
fast(jnp.ones(4), Settings(bins=2))  # fault
""",
                shows="'Non-hashable static arguments' in raised",
            ),
            do=Sample(
                """import dataclasses

import jax
import jax.numpy as jnp


@dataclasses.dataclass(frozen=True)
class Settings:
    bins: int = 3


def histogram(x, settings):
    return jnp.histogram(x, settings.bins)[0]


fast = jax.jit(histogram, static_argnums=(1,))
fast(jnp.ones(4), Settings(bins=2))
""",
                shows="not raised",
            ),
            fixed_by_us=True,
        ),
        Example(
            "a method of a dataclass",
            dont=Sample(
                """from dataclasses import dataclass
from functools import partial

import jax
import jax.numpy as jnp


@dataclass
class Scale:
    factor: float

    @partial(jax.jit, static_argnums=0)  # fault
    def __call__(self, x):
        return self.factor * x


Scale(2.0)(jnp.ones(3))
""",
                shows="'Non-hashable static arguments' in raised",
            ),
            do=Sample(
                """from dataclasses import dataclass
from functools import partial

import jax
import jax.numpy as jnp


@dataclass(frozen=True)
class Scale:
    factor: float

    @partial(jax.jit, static_argnums=0)
    def __call__(self, x):
        return self.factor * x


Scale(2.0)(jnp.ones(3))
""",
                shows="not raised",
            ),
            fixed_by_us=True,
        ),
        Example(
            "a dict of options",
            dont=Sample(
                """import functools

import jax
import jax.numpy as jnp


def default_options():
    return {"order": 2}


@functools.partial(jax.jit, static_argnames=("options",))
def fit(x, options):
    return x ** options["order"]


def main():
    options = default_options()
    return fit(jnp.ones(3), options)  # fault


main()
""",
                shows="'Non-hashable static arguments' in raised",
            ),
            do=Sample(
                """import functools

import jax
import jax.numpy as jnp


def default_options():
    return {"order": 2}


@functools.partial(jax.jit, static_argnames=("options",))
def fit(x, options):
    return x ** dict(options)["order"]


def main():
    options = default_options()
    return fit(jnp.ones(3), tuple(sorted(options.items())))


main()
""",
                shows="compiles('fit') == 1",
            ),
        ),
    ),
    allowed_samples=(
        Sample(
            """import functools

import jax
import jax.numpy as jnp


@functools.partial(jax.jit, static_argnames=("sizes",))
def build(x, sizes=[8, 8]):
    return [jnp.ones(n) * x for n in sizes]


build(2.0)
build(2.0, sizes=tuple([4, 4]))
""",
            shows="compiles('build') == 2",
        ),
    ),
    match=match,
    mend=mend,
)
