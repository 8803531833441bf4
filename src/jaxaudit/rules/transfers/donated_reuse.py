"""A donated buffer that is read again, and a donation that nothing can use."""

from __future__ import annotations

from collections.abc import Iterator

from jaxaudit.model import Finding, Note
from jaxaudit.rules.rule import Example, Rule, Sample
from jaxaudit.rules.transfers.donated_reuse_seen import observe
from jaxaudit.rules.transfers.donations import STILL_READABLE, excludes, reach, reads_memory
from jaxaudit.rules.transfers.field_reads import field_read_later
from jaxaudit.source import calls as c
from jaxaudit.source import lifetime
from jaxaudit.source import values as v
from jaxaudit.source.arguments import bind
from jaxaudit.source.events import Loop, Use
from jaxaudit.source.facts import start, text
from jaxaudit.source.kinds import kind_of
from jaxaudit.source.program import Program
from jaxaudit.source.sites import Site, calls_of, jit_sites

KEEPING = frozenset({"append", "insert", "appendleft"})


def match(program: Program) -> Iterator[Finding]:
    for site in jit_sites(program):
        names = site.donated
        if not names:
            continue
        given = reach(program, site.function)
        if not site.flow.function.module.context:
            yield from unusable(program, site, names)
        for edge in calls_of(program, site):
            flow = edge.call.flow
            if flow is None or flow.function.module.context or program.tracing.context(flow.function, abstract=True):
                continue  # under an outer trace nothing is donated
            bound = bind(edge.call, edge.target)
            for name in sorted(names & bound.keys()):
                certain = 0.95 if name in given.alike else 0.6 if name in given.parameters else 0.3
                yield from reused(program, site, edge.call, name, bound, certain)


def reused(
    program: Program, site: Site, call: v.Call, name: str, bound: dict[str, v.Value], certain: float
) -> Iterator[Finding]:
    """Whatever touches the argument of one call after it was given away; certain where a result surely takes its memory."""
    value = bound[name]
    if isinstance(value, v.Const | v.Unknown | v.FunctionValue | v.External) or kind_of(program, value).is_host_number:
        return
    flow = call.flow
    assert flow is not None
    sure = certain if kind_of(program, value).library != "numpy" else 0.3
    given = f"`{shown(value, call, name)}`"
    callee = f"`{text(call.expr[1], 40)}`" if call.expr[0] == "c" else f"`{site.function.name}`"
    line = start(call.expr)[0]
    note = Note(program.place(flow, call.expr), f"{given} is donated here")
    facts = {"argument": name, "function": site.function.qualname, "call_line": line}
    twin = next((other for other, x in bound.items() if x is value and other != name), None)
    if twin is not None:
        yield RULE.found(
            program.place(flow, call.expr),
            f"{given} is donated to {callee} as `{name}` and handed to it again as `{twin}` in the same call: the call "
            "fails (a buffer cannot be donated and used at once)",
            sure, facts=facts, help="Copy one of them (`jnp.copy`), or do not donate.",
        )  # fmt: skip
        return
    again = read_later(program, call, value)
    if again is not None:
        yield RULE.found(
            program.place(flow, again.expr),
            f"`{again.name}` is read after {given} was donated to {callee} in line {line} (parameter `{name}`): its "
            'buffer is gone, and reading it raises "Array has been deleted"',
            sure, facts=facts, notes=[note],
            help=f"Rebind the result (`{again.name} = ...`), copy what is needed before the call, or do not donate `{name}`.",
        )  # fmt: skip
        return
    kept = kept_and_read(call, value)
    if kept is not None:
        by, later = kept
        yield RULE.found(
            program.place(flow, later.expr),
            f"`{later.name}` keeps {given}, put there in line {start(by.expr)[0]}, which is donated to {callee} in line {line} "
            f'(parameter `{name}`): its buffer is gone, and reading it raises "Array has been deleted"',
            min(sure, 0.9), facts=facts, notes=[Note(program.place(flow, by.expr), "kept here"), note],
            help=f"Keep a copy (`{later.name}.append(jnp.copy(...))`), fetch it with `jax.device_get`, or do not donate `{name}`.",
        )  # fmt: skip
        return
    field = field_read_later(call, value) if isinstance(value, v.Attr) else None
    if field is not None:
        yield RULE.found(
            program.place(flow, field.expr),
            f"{given} is read after it was donated to {callee} in line {line} (parameter `{name}`): its buffer is gone, "
            'and reading it raises "Array has been deleted"',
            min(sure, 0.9), facts=facts, notes=[note],
            help=f"Rebind the result ({given[:-1]} = ...`), copy what is needed before the call, or do not donate `{name}`.",
        )  # fmt: skip
        return
    loop = lifetime.repeats(call.loops)
    if loop is not None and stays(value, loop) and not leaves(call, loop):
        yield RULE.found(
            program.place(flow, call.expr),
            f"{given} is donated to {callee} (parameter `{name}`) in every turn of the loop in line {loop.line} without "
            "being rebound: the second turn is given a deleted array and fails",
            sure, facts=facts, notes=[note],
            help=f"Rebind the result to {given} in the loop, or do not donate `{name}`.",
        )  # fmt: skip


def shown(value: v.Value, call: v.Call, name: str) -> str:
    if call.expr is not None and call.expr[0] == "c":
        arguments = (*call.args, *[x for _, x in call.kwargs])
        for argument, expr in zip(arguments, (*call.expr[2], *[e for _, e in call.expr[3]])):
            if argument is value:
                return text(expr, 40)
    return text(value.expr, 40) or name


def read_later(program: Program, call: v.Call, value: v.Value) -> Use | None:
    """The first read of the same value on a path that the call is on too."""
    flow = call.flow
    assert flow is not None
    deleting = [other for other in flow.calls if any(a is value for a in other.args) and only_deletes(program, other)]
    for use in flow.uses:
        if (
            use.value is value
            and use.order > call.order
            and not excludes(call.path, use.path)
            and reads_memory(flow.function, use.expr)
            and not any(any(e is use.expr for e in other.expr[2]) for other in deleting)
        ):
            return use
    return None


def only_deletes(program: Program, call: v.Call) -> bool:
    """`jax.tree.map(lambda leaf: leaf.delete(), batch)`."""
    if c.known_name(program, call.func) != "jax.tree.map" or call.expr is None or call.expr[0] != "c":
        return False
    inner = [one.func for target in c.targets(program, call.args[0]) for one in target.function.flow.calls]
    return bool(inner) and all(isinstance(one, v.Attr) and one.name in STILL_READABLE for one in inner)


def kept_and_read(call: v.Call, value: v.Value) -> tuple[v.Call, Use] | None:
    """A list into which the value was put before it was given away, and the list's first read outside that loop."""
    flow = call.flow
    assert flow is not None
    for by in flow.calls:
        if not isinstance(by.func, v.Attr) or by.func.name not in KEEPING or not any(a is value for a in by.args):
            continue
        if by.order > call.order or excludes(by.path, call.path) or not isinstance(by.func.base, v.Sequence):
            continue
        for use in flow.uses:
            if (
                use.value is by.func.base
                and use.order > call.order
                and not set(use.loops) & set(call.loops)
                and not excludes(call.path, use.path)
                and reads_memory(flow.function, use.expr)
            ):
                return by, use
    return None


def stays(value: v.Value, loop: Loop) -> bool:
    """Whether a value was there before the loop and is the same in each turn."""
    if isinstance(value, v.Param):
        return True
    if isinstance(value, v.Call):
        return loop not in value.loops
    if isinstance(value, v.Item | v.Attr):
        return stays(value.base, loop) and isinstance(value, v.Item) and isinstance(value.index, v.Const)
    if isinstance(value, v.Mapping | v.Sequence):
        return False
    return False


def leaves(call: v.Call, loop: Loop) -> bool:
    """Whether the call's own path ends the loop: a return after it in the same turn."""
    flow = call.flow
    assert flow is not None
    return any(r.order > call.order and loop in r.loops and not excludes(call.path, r.path) for r in flow.returns)


def unusable(program: Program, site: Site, names: frozenset[str]) -> Iterator[Finding]:
    """Donated parameters whose memory no result can take."""
    function = site.function
    given = reach(program, function)
    if not function.flow.returns:
        return
    by_hand = site.use.spec.donate_nums != "donate"
    for name in sorted(names - given.parameters):
        parameter = function.parameter(name)
        if parameter is None or parameter.kind in ("*", "**") or name in site.static:
            continue
        kinds = [kind_of(program, source) for _, source in program.graph.sources(function, name)]
        numbers = bool(kinds) and all(kind.is_host_number for kind in kinds)
        confidence = 0.9 if given.sure and by_hand and not numbers else 0.5
        useful = ", ".join([f"`{n}`" for n in sorted(given.parameters & names)]) or "nothing here"
        why = (
            "it is a plain number: there is no buffer to donate"
            if numbers
            else "nothing that it returns is shaped by it: the donation is not usable, its memory is not reused, and JAX "
            'warns "Some donated buffers were not usable"'
        )
        yield RULE.found(
            program.place(site.flow, site.call.expr),
            f"`{name}` is donated to `{function.name}`, but {why}",
            confidence,
            facts={"argument": name, "function": function.qualname, "returned": sorted(given.parameters)},
            notes=[Note(program.place_of_function(function), f"`{function.name}` returns no array like `{name}`")],
            help=f"Donate only what matches a result ({useful}); take `{name}` off the list.",
        )  # fmt: skip


_STEP = """from functools import partial

import jax
import jax.numpy as jnp


{decorator}
def step(params, batch):
    gradient = jax.grad(lambda p: jnp.mean((batch @ p) ** 2))(params)
    return params - 0.1 * gradient


params = jnp.ones(3)
for _ in range(3):
    {line}
"""


def _step(decorator: str, line: str) -> str:
    return _STEP.replace("{decorator}", decorator).replace("{line}", line)


RULE = Rule(
    name="donated-reuse",
    title="donated buffer read again, or donated for nothing",
    severity="error",
    dont="Read an array after it was donated, or donate one that no result can take the place of.",
    do="Rebind the result to the donated name; donate only arguments that match an output in shape and dtype.",
    why='A donated buffer becomes the result\'s memory: reading the old array raises "Array has been deleted" (on the '
    "CPU too, JAX 0.10.2 and 0.12.0.1), and donating one buffer twice in a call is refused. A buffer that matches no "
    'output is kept as it was: nothing is saved, and each compilation warns "Some donated buffers were not usable".',
    allowed="Reading `.shape` or `.dtype` of a donated array; donating under an outer `jit`, where it is ignored.",
    may_break="Without the donation the old and the new array are in memory at once.",
    sees=("source", "run"),
    needs=("donation",),
    examples=(
        Example(
            "donated and read again",
            dont=Sample(
                """import jax
import jax.numpy as jnp


def update(params, batch):
    return params - 0.1 * batch.mean() * params


fast_update = jax.jit(update, donate_argnums=0)


def change(params, batch):
    new = fast_update(params, batch)
    return jnp.abs(new - params).max()  # fault


change(jnp.ones(3), jnp.ones((4, 3)))
""",
                shows="'deleted' in raised",
            ),
            do=Sample(
                """import jax
import jax.numpy as jnp


def update(params, batch):
    return params - 0.1 * batch.mean() * params


fast_update = jax.jit(update)


def change(params, batch):
    new = fast_update(params, batch)
    return jnp.abs(new - params).max()


change(jnp.ones(3), jnp.ones((4, 3)))
""",
                shows="raised == ''",
            ),
        ),
        Example(
            "not rebound in the loop",
            dont=Sample(
                _step("@partial(jax.jit, donate_argnames='params')", "new = step(params, jnp.ones((4, 3)))  # fault"),
                shows="'deleted' in raised",
            ),
            do=Sample(
                _step("@partial(jax.jit, donate_argnames='params')", "params = step(params, jnp.ones((4, 3)))"),
                shows="raised == '' and 'donated' not in warned",
            ),
        ),
        Example(
            "batch donated for nothing",
            dont=Sample(
                _step("@partial(jax.jit, donate_argnums=(0, 1))  # fault", "params = step(params, jnp.ones((4, 3)))"),
                shows="'not usable' in warned",
            ),
            do=Sample(
                _step("@partial(jax.jit, donate_argnums=0)", "params = step(params, jnp.ones((4, 3)))"),
                shows="'not usable' not in warned",
            ),
        ),
        Example(
            "one buffer for two parameters",
            dont=Sample(
                """import jax
import jax.numpy as jnp

mix = jax.jit(lambda online, target: (online * 2, 0.9 * target + 0.1 * online), donate_argnums=(0, 1))
params = jnp.ones(3)
mix(params, params)  # fault
""",
                shows="'donate' in raised",
            ),
            do=Sample(
                """import jax
import jax.numpy as jnp

mix = jax.jit(lambda online, target: (online * 2, 0.9 * target + 0.1 * online), donate_argnums=(0, 1))
params = jnp.ones(3)
mix(params, jnp.copy(params))
""",
                shows="raised == ''",
            ),
        ),
    ),
    allowed_samples=(
        Sample(
            """import jax
import jax.numpy as jnp

double = jax.jit(lambda x: 2 * x, donate_argnums=0)
x = jnp.ones((2, 3))
y = double(x)
print(x.shape, x.dtype)
""",
            shows="raised == ''",
        ),
        Sample(
            """import jax
import jax.numpy as jnp

double = jax.jit(lambda x: 2 * x, donate_argnums=0)


@jax.jit
def both(x):
    return double(x) + x


both(jnp.ones(3))
""",
            shows="raised == ''",
        ),
    ),
    match=match,
    observe=observe,
)
