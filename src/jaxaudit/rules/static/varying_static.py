"""A static argument or field that takes many values: one compile for each."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from jaxaudit.model import Finding, Fix, Note
from jaxaudit.rules.rule import Example, Rule, Sample
from jaxaudit.rules.static import labels, tracing_it
from jaxaudit.rules.static.changes import Change, certainty, change, counted
from jaxaudit.rules.static.changing_configs import ChangingConfig, changing_config
from jaxaudit.rules.static.changing_fields import changing_fields
from jaxaudit.rules.static.filtered_numbers import FilteredNumber, filtered_numbers
from jaxaudit.rules.static.lone_floats import lone_floats
from jaxaudit.rules.static.origins import Handed, argument_expr, function_of, handed_statics
from jaxaudit.rules.static.reverse_mode import irreversible, of_parameters
from jaxaudit.rules.static.static_options import how_static, static_place
from jaxaudit.rules.static.varying_static_seen import observe
from jaxaudit.source import values as v
from jaxaudit.source.contexts import is_test_path
from jaxaudit.source.facts import text
from jaxaudit.source.kinds import kind_of
from jaxaudit.source.lifetime import frequency
from jaxaudit.source.program import Program
from jaxaudit.source.sites import Site
from jaxaudit.source.structure import role

if TYPE_CHECKING:
    from collections.abc import Sequence

    from jaxaudit.edits import Edit, SourceText
    from jaxaudit.rules.project import Change as Way
    from jaxaudit.rules.project import Project, Refused


def match(program: Program) -> Iterator[Finding]:
    yield from static_arguments(program)
    for site, name in lone_floats(program):
        yield lone_finding(program, site, name)
    for number in filtered_numbers(program):
        finding = number_finding(program, number)
        if finding is not None:
            yield finding
    for field in changing_fields(program):
        yield RULE.found(
            field.place,
            f"`{field.name}` is a static field of `{field.cls.name}` and {field.change.words(field.place.path)}: the jitted "
            f"`{field.site.function.name}` compiles again for each value",
            min(
                certainty(field.change, field.role, field.is_float, False),
                0.5 if is_test_path(field.site.flow.function.module.path) else 1.0,
            ),
            facts={
                "field": field.name,
                "class": field.cls.name,
                "function": field.site.function.name,
                **counted(field.change),
            },
            notes=[
                Note(field.made, f"`{field.name}` gets its value here"),
                Note(
                    program.place(field.site.flow, field.site.call.expr),
                    f"`{field.site.use.short}` takes a `{field.cls.name}` here",
                ),
            ],
            help=f"Make `{field.name}` a field that is traced (a leaf), and hand in an array or a number.",
        )  # fmt: skip


# -- static arguments --------------------------------------------------------------------------------------------------


def static_arguments(program: Program) -> Iterator[Finding]:
    best: dict[tuple[int, str], tuple[float, Site, v.Call, v.Value, Change]] = {}
    needed: set[int] = set()
    told: set[tuple[int, str]] = set()
    for handed in handed_statics(program):
        key = (id(handed.site.call), handed.name)
        config = changing_config(program, handed) if key not in told else None
        if config is not None and program.tracing.context(function_of(handed.call), abstract=True) is None:
            told.add(key)
            yield config_finding(program, handed, config)
            continue
        if handed.name == handed.site.function.self_name or kind_of(program, handed.value).what in (
            "function",
            "instance",
        ):
            continue
        caller = function_of(handed.call)
        found = change(program, handed.value, handed.call.loops, frequency(program, caller).how == "many")
        if found is None:
            continue
        is_float = kind_of(program, handed.value).what == "float"
        traced = program.tracing.context(caller, abstract=True) is not None
        sure = certainty(found, role(program, handed.site.function, handed.name), is_float, traced)
        if kind_of(program, handed.value).what not in ("int", "float", "bool", "str") and not counts(found):
            sure = min(sure, 0.6)
        key = (id(handed.site.call), handed.name)
        if found.many and role(program, handed.site.function, handed.name).needs:
            needed.add(id(handed.call))
        if sure and (key not in best or sure > best[key][0]):
            best[key] = (sure, handed.site, handed.call, handed.value, found)
    for (_, name), (sure, site, call, value, found) in best.items():
        if id(call) in needed:
            sure = min(sure, 0.6)  # another static argument of the call changes too and has to be static
        yield static_finding(program, site, name, call, value, found, sure)


def counts(found: Change) -> bool:
    """A loop over numbers; others may go over a few variants, each of which is to have a program of its own."""
    loop = found.loop
    if loop is None or loop.iterable is None:
        return True
    made = v.settle(loop.iterable)
    return made.__class__ is v.Call and isinstance(made.func, v.External) and made.func.name in COUNTERS


COUNTERS = frozenset({"builtins.range", "builtins.enumerate", "numpy.arange", "numpy.linspace", "jax.numpy.arange"})


def config_finding(program: Program, handed: Handed, config: ChangingConfig) -> Finding:
    found, field, site = config.change, config.field, handed.site
    made, written = config.made, argument_expr(config.made, config.value)
    assert made.flow is not None
    return RULE.found(
        program.place(made.flow, written),
        f"`{handed.name}` of the jitted `{site.function.name}` is static, and "
        f"`{field}={text(written, 30)}` of its `{config.cls.name}` {found.words(made.flow.function.module.path)}: each value compiles "
        f"`{site.function.name}` again",
        certainty(found, config.role, config.is_float, False) or 0.3,
        facts={
            "parameter": handed.name,
            "field": field,
            "class": config.cls.name,
            "function": site.function.name,
            **counted(found),
        },
        notes=[Note(static_place(program, site, handed.name), f"`{handed.name}` is static here")],
        help=f"Hand `{field}` in as an argument of its own, which is traced.",
    )


def static_finding(
    program: Program, site: Site, name: str, call: v.Call, value: v.Value, found: Change, sure: float
) -> Finding:
    used = role(program, site.function, name)
    assert call.flow is not None
    written = argument_expr(call, value)
    notes = [Note(program.place(call.flow, written), f"`{text(written, 40)}` is handed in here")]
    if used.needs:
        need = used.needs[0]
        notes.append(Note(program.place(need.flow, need.expr), f"here it decides {need.what}"))
    place = static_place(program, site, name)
    lost = irreversible(program, [site.function], of_parameters(program, [name]))
    advice = (
        f"It can't simply be traced: {lost.words(name)}. Run a fixed number of turns, and mask those that are too many."
        if lost is not None
        else f"It decides {used.needs[0].what}, so it can't simply be traced: pad to one size and mask, or use `lax` "
        "control flow."
        if used.needs
        else f"Take `{name}` out of `{how_static(site).partition('=')[0]}`: a traced number never compiles again."
    )
    return RULE.found(
        place,
        f"`{name}` of the jitted `{site.function.name}` is static, and {what_of(written, name)}{found.words(place.path)}: each value "
        f"compiles `{site.function.name}` again",
        sure,
        facts={"parameter": name, "function": site.function.name, "value": text(written, 40), **counted(found)},
        notes=notes,
        help=advice,
        fix=Fix("unsafe", f"trace `{name}`") if used.only_computed and lost is None and mendable(site) else None,
    )  # fmt: skip


def what_of(written: object, name: str) -> str:
    shown = text(written, 40)  # type: ignore[arg-type]
    return "" if shown == name else f"its value `{shown}` "


def mendable(site: Site) -> bool:
    return site.use.spec.static_names == "static_argnames" and not site.use.is_own


def lone_finding(program: Program, site: Site, name: str) -> Finding:
    return RULE.found(
        static_place(program, site, name),
        f"`{name}` of the jitted `{site.function.name}` is a float, only computed with, and static: each new value "
        f"compiles `{site.function.name}` again",
        0.35,
        facts={"parameter": name, "function": site.function.name},
        help=f"Trace `{name}`, unless a run shows one value only and a gain.",
        fix=Fix("unsafe", f"trace `{name}`") if mendable(site) else None,
    )


def number_finding(program: Program, number: FilteredNumber) -> Finding | None:
    found, kind, name, callee = number.change, number.kind, number.name, number.callee
    assert number.call.flow is not None
    sure = certainty(found, number.role, kind.what == "float", False)
    if not sure:
        return None
    if kind.what == "int" and not number.direct:
        sure = min(sure, 0.7)  # exponents, orders and counts may be meant to be static
    shown = text(number.expr, 40)
    notes = []
    if found.flow is not None and found.source.expr is not None:
        notes.append(Note(program.place(found.flow, found.source.expr), "it changes here"))
    place = program.place(number.call.flow, number.expr)
    return RULE.found(
        place,
        f"`{name}` of `{callee}` gets a Python {kind.what}, which `filter_jit` holds static, and "
        f"{what_of(number.expr, name)}{found.words(place.path)}: each value compiles `{callee}` again",
        sure,
        facts={
            "parameter": name,
            "function": callee,
            "value": shown,
            "kind": f"Python {kind.what}",
            **counted(found),
        },
        notes=notes,
        help=f"Hand in an array: `jnp.asarray({shown})`.",
    )


def mend(finding: Finding, source: SourceText) -> tuple[Edit, ...]:
    """Takes the parameter out of `static_argnames` (or its position out of `static_argnums`)."""
    from jaxaudit.edits import jit_site, remove_static_name
    from jaxaudit.rules.static.whole_numbers import must_stay_small

    name = str(finding.facts["parameter"])
    must_stay_small(source, str(finding.facts["function"]), finding.place.line, (name,))
    return remove_static_name(source, jit_site(source, finding.place), name)


def propose(findings: Sequence[Finding], project: Project) -> Iterator[Way | Refused]:
    """The argument or the field traced; a label left out of the call."""
    yield from tracing_it.propose(findings, project)
    yield from labels.propose(findings, project)


RULE = Rule(
    name="varying-static",
    title="static argument that takes many values",
    severity="error",
    dont="Declare static what changes from call to call: a loop index, a learning rate, a time, a noise level.",
    do="Trace it: a traced number never compiles again.",
    why="The value of a static argument is part of the key under which the compiled program is kept. 20 values of "
    "one factor "
    "cost 21.4 s static and 0.045 s traced (40,000 elements, JAX 0.10.2, CPU). `equinox.filter_jit`, and with it "
    "`diffrax.diffeqsolve` and `optimistix`, hold every Python number static: 4 calls with 4 floats compiled 4 "
    "times, with "
    "NumPy or JAX scalars once.",
    allowed="Two or three values, each compiled once, where the value decides shapes or branches: that is what "
    "static is for.",
    may_break="Traced, the value can no longer decide a shape, a Python branch or a `range`.",
    sees=("source", "run"),
    needs=("compile_count", "argument_values"),
    examples=(
        Example(
            "the number of the round",
            dont=Sample(
                """import functools

import jax
import jax.numpy as jnp


@functools.partial(jax.jit, static_argnames=("size", "round_number"))  # fault
def pursue(residual, size, round_number):
    damping = 1.0 / (1.0 + 0.1 * round_number)
    return residual - damping * jnp.ones(size)


residual = jnp.ones(4)
for i in range(6):
    residual = pursue(residual, 4, i)
""",
                shows="compiles('pursue') == 6",
            ),
            do=Sample(
                """import functools

import jax
import jax.numpy as jnp


@functools.partial(jax.jit, static_argnames=("size",))
def pursue(residual, size, round_number):
    damping = 1.0 / (1.0 + 0.1 * round_number)
    return residual - damping * jnp.ones(size)


residual = jnp.ones(4)
for i in range(6):
    residual = pursue(residual, 4, i)
""",
                shows="compiles('pursue') == 1",
            ),
            fixed_by_us=True,
        ),
        Example(
            "a decayed learning rate",
            dont=Sample(
                """import jax
import jax.numpy as jnp


def update(w, rate):
    return w - rate * w


fast_update = jax.jit(update, static_argnums=1)  # fault


def train(w, rate=0.1, steps=6):
    for _ in range(steps):
        w = fast_update(w, rate)
        rate *= 0.9
    return w


train(jnp.ones(3))
""",
                shows="compiles('update') == 6",
            ),
            do=Sample(
                """import jax
import jax.numpy as jnp


def update(w, rate):
    return w - rate * w


fast_update = jax.jit(update)


def train(w, rate=0.1, steps=6):
    for _ in range(steps):
        w = fast_update(w, rate)
        rate *= 0.9
    return w


train(jnp.ones(3))
""",
                shows="compiles('update') == 1",
            ),
            fixed_by_us=True,
        ),
        Example(
            "a static field of a pytree",
            dont=Sample(
                """import dataclasses
import functools

import jax
import jax.numpy as jnp


@functools.partial(jax.tree_util.register_dataclass, data_fields=["counts"], meta_fields=["noise"])  # fault
@dataclasses.dataclass(frozen=True)
class Measurement:
    counts: jax.Array
    noise: float


@jax.jit
def loss(mu, measurement):
    return jnp.sum((mu - measurement.counts) ** 2) / measurement.noise**2


for noise in (1.0, 2.0, 4.0, 8.0, 16.0):
    loss(jnp.zeros(3), Measurement(jnp.ones(3), noise))
""",
                shows="compiles('loss') == 5",
            ),
            do=Sample(
                """import dataclasses
import functools

import jax
import jax.numpy as jnp


@functools.partial(jax.tree_util.register_dataclass, data_fields=["counts", "noise"], meta_fields=[])
@dataclasses.dataclass(frozen=True)
class Measurement:
    counts: jax.Array
    noise: float


@jax.jit
def loss(mu, measurement):
    return jnp.sum((mu - measurement.counts) ** 2) / measurement.noise**2


for noise in (1.0, 2.0, 4.0, 8.0, 16.0):
    loss(jnp.zeros(3), Measurement(jnp.ones(3), noise))
""",
                shows="compiles('loss') == 1",
            ),
        ),
        Example(
            "a Python float for filter_jit",
            dont=Sample(
                """import equinox as eqx
import jax.numpy as jnp


@eqx.filter_jit
def decay(x, rate):
    return x - rate * x


x = jnp.ones(3)
for i in range(6):
    x = decay(x, 0.1 / (i + 1))  # fault
""",
                shows="compiles('decay') == 6",
            ),
            do=Sample(
                """import equinox as eqx
import jax.numpy as jnp


@eqx.filter_jit
def decay(x, rate):
    return x - rate * x


x = jnp.ones(3)
for i in range(6):
    x = decay(x, jnp.asarray(0.1 / (i + 1)))
""",
                shows="compiles('decay') == 1",
            ),
        ),
    ),
    allowed_samples=(
        Sample(
            """import functools

import jax
import jax.numpy as jnp


@functools.partial(jax.jit, static_argnames=("length", "reverse"))
def window(x, length, reverse):
    y = x[:length]
    return y[::-1] if reverse else y


def smooth(batches, length=3):
    for batch in batches:
        window(batch, length, reverse=False)


smooth([jnp.ones(5), jnp.zeros(5)])
""",
            shows="compiles('window') == 1",
        ),
    ),
    match=match,
    observe=observe,
    mend=mend,
    propose=propose,
)
