"""A field that configures a module, and that raw `jax.jit` traces because nothing marks it as static."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from typing import TYPE_CHECKING

from jaxaudit.model import Finding, Fix, Note
from jaxaudit.rules.modules.plain_fields import PlainField, plain_fields
from jaxaudit.rules.rule import Example, Rule, Sample
from jaxaudit.rules.static.pytree_arguments import field_place, pytree_arguments
from jaxaudit.rules.static.trace_errors import Refused, how_it_ended, refused
from jaxaudit.source.classes import external_bases

if TYPE_CHECKING:
    from jaxaudit.edits import Edit, SourceText
    from jaxaudit.model.evidence import Evidence
    from jaxaudit.source.program import Program

MARKS = (
    "`eqx.field(static=True)` in an `eqx.Module`, `struct.field(pytree_node=False)` in a Flax struct, `meta_fields` of "
    "`register_dataclass`"
)


def match(program: Program) -> Iterator[Finding]:
    for argument in pytree_arguments(program):
        if argument.site.use.spec.traces != "all":
            continue
        for field in plain_fields(program, argument):
            yield from found(program, field)


def found(program: Program, field: PlainField) -> Iterator[Finding]:
    site, cls, name = field.argument.site, field.argument.cls, field.name
    place = field_place(program, cls, name)
    if place is None:
        return
    traced = f"{site.use.short} traces every field of `{field.argument.name}` of `{site.function.name}`"
    if field.refused:
        after = "it can't trace that: the call raises a TypeError"
    else:
        assert field.sink is not None
        after = f"`{name}` is then a tracer where Python needs its value ({field.sink.what}): tracing raises an error"
    notes = [Note(program.place(site.flow, site.call.expr), f"`{site.use.short}` traces its arguments here")]
    if field.sink is not None:
        notes.append(Note(program.place(field.sink.flow, field.sink.expr), f"`{name}` is needed as a plain value here"))
    of_equinox = "equinox.Module" in external_bases(program, cls)
    yield RULE.found(
        place,
        f"`{name}` of `{cls.name}` holds {field.what} and is not marked as static, and {traced}: {after}",
        0.8,
        facts={"field": name, "class": cls.name, "function": site.function.name, "parameter": field.argument.name},
        notes=notes,
        help=f"Mark it: {MARKS}. Or use `eqx.filter_jit`, which keeps what is no array static.",
        fix=Fix("unsafe", f"mark `{name}` as a static field") if of_equinox else None,
    )


def mend(finding: Finding, source: SourceText) -> tuple[Edit, ...]:
    """`activation: Callable = eqx.field(static=True)`, with the default that stood there."""
    from jaxaudit.edits import CannotEdit

    wanted = finding.facts["field"]
    for node in ast.walk(source.tree):
        if isinstance(node, ast.AnnAssign) and node.lineno == finding.place.line:
            target = node.target
            if isinstance(target, ast.Name) and target.id == wanted:
                return marked(source, node)
    raise CannotEdit("the field is not declared in this line")


def marked(source: SourceText, node: ast.AnnAssign) -> tuple[Edit, ...]:
    from jaxaudit.edits import Edit, add_keyword, spell

    named = spell(source, "equinox.field")
    if node.value is None:
        end = source.end(node)
        return (*named.edits, Edit(end, end, f" = {named.text}(static=True)"))
    if isinstance(node.value, ast.Call) and source.of(node.value.func) == named.text:
        return (*named.edits, *add_keyword(source, node.value, "static", "True"))
    start, end = source.span(node.value)
    default = source.of(node.value)
    return (*named.edits, Edit(start, end, f"{named.text}(default={default}, static=True)"))


def observe(rule: Rule, evidence: Evidence) -> Iterator[Finding]:
    """Fields that JAX refused, or whose value Python could not learn."""
    for one in refused(evidence, rule.name):
        error = one.error
        yield rule.seen(
            error.at,
            message(one),
            confidence=one.confidence,
            facts=one.facts | {"fields": list(one.parameters)},
            notes=[(one.wrapper, f"`{one.function}` is traced here"), (error.caller, "the call")],
            help=f"Mark the field: {MARKS}. Or use `eqx.filter_jit`, which keeps what is no array static.",
            severity="error",
        )


def message(one: Refused) -> str:
    said = f"{how_it_ended(one)} with {one.error.kind.rpartition('.')[2]}"
    names = " and ".join(f"`{name}`" for name in one.parameters)
    by = f"`jax.{one.transformation}`" if one.transformation else "JAX"
    many = len(one.parameters) > 1
    unmarked = f"{'are fields' if many else 'is a field'} that nothing marks as static"
    if one.what.startswith("it is"):
        kind = one.what.split("`")[1].rpartition(".")[2]
        return f"{names} of `{one.function}` {unmarked}, and {by} can't trace the {kind} that came there: {said}"
    came = " and ".join(sorted({kind for kind in one.kinds if kind}))
    return (
        f"{names} of `{one.function}` {unmarked}, so {by} traces the plain Python {came} there, and "
        f"{'they decide' if many else 'it decides'} {one.what}: {said}"
    )


_LAYER = """from collections.abc import Callable

import equinox as eqx
import jax
import jax.numpy as jnp


class Layer(eqx.Module):
    weight: jax.Array
    activation: Callable{mark}

    def __call__(self, x):
        return self.activation(self.weight * x)


@jax.jit
def loss(layer, x):
    return layer(x).sum()


layer = Layer(jnp.ones(3), jax.nn.relu)
loss(layer, jnp.ones(3))
"""

_FLAG = """import jax
import jax.numpy as jnp
from flax import struct


@struct.dataclass
class Filter:
    gain: jax.Array
    order: int{mark}

    def apply(self, x):
        for _ in range(self.order):
            x = self.gain * x
        return x


@jax.jit
def smooth(filter, x):
    return filter.apply(x)


smooth(Filter(jnp.ones(()), 3), jnp.ones(3))
"""

RULE = Rule(
    name="unmarked-metadata",
    title="Configuration in a field that is traced",
    severity="info",
    dont="Keep a flag, a count, a text or a function in a field of a pytree and hand the object to raw `jax.jit`, `vmap` or "
    "`grad`: each of them takes every field for an array.",
    do="Mark the field as static (`eqx.field(static=True)`, `struct.field(pytree_node=False)`, `meta_fields`), or use "
    "`eqx.filter_jit`.",
    why="A field that is not static is a leaf. A function or a text there raises `TypeError` at the first call, a flag or a "
    "count becomes a tracer and raises where Python asks for it: both examples below end so on JAX 0.10.2 and 0.12.0.1, and "
    "compile once with the field marked.",
    allowed="Filtered transformations, which keep what is no array static; numbers that only arithmetic uses.",
    may_break="A static field is part of the structure: each new value compiles again, and it must be hashable.",
    sees=("source", "run"),
    needs=("argument_values",),
    examples=(
        Example(
            "an activation function",
            dont=Sample(
                _LAYER.format(mark="  # fault"),
                shows="'TypeError' in raised or 'activation' in raised",
            ),
            do=Sample(_LAYER.format(mark=" = eqx.field(static=True)"), shows="compiles('loss') == 1"),
            fixed_by_us=True,
        ),
        Example(
            "a count that a loop needs",
            dont=Sample(
                _FLAG.format(mark="  # fault"),
                shows="'TracerIntegerConversionError' in raised or '__index__' in raised",
            ),
            do=Sample(_FLAG.format(mark=" = struct.field(pytree_node=False)"), shows="compiles('smooth') == 1"),
        ),
    ),
    allowed_samples=(
        Sample(_LAYER.format(mark="").replace("@jax.jit", "@eqx.filter_jit"), shows="compiles('loss') == 1"),
        Sample(
            """import equinox as eqx
import jax
import jax.numpy as jnp


class Decay(eqx.Module):
    rate: jax.Array
    power: int

    def __call__(self, x):
        return x * self.rate**self.power


@jax.jit
def run(decay, x):
    return decay(x)


run(Decay(jnp.ones(()), 2), jnp.ones(3))
""",
            shows="compiles('run') == 1",
        ),
    ),
    match=match,
    observe=observe,
    mend=mend,
)
