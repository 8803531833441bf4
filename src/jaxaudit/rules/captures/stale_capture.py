"""What a jitted function captured is changed after it was compiled: the program goes on with the old value."""

from collections.abc import Iterator
from typing import NamedTuple

from jaxaudit.model import Finding, Note
from jaxaudit.rules.captures.bound_before import is_self
from jaxaudit.rules.captures.changes import Change, changes_of_attribute, changes_of_name
from jaxaudit.rules.captures.compiled_code import Compiled
from jaxaudit.rules.captures.moments import Moment, Sequence, by_flow, of_call, run_change_run
from jaxaudit.rules.captures.outside_reads import captured_reads
from jaxaudit.rules.captures.reads import Read
from jaxaudit.rules.captures.stale_capture_seen import observe
from jaxaudit.rules.rule import Example, Rule, Sample
from jaxaudit.source import lifetime
from jaxaudit.source import values as v
from jaxaudit.source.facts import start, text
from jaxaudit.source.fields import class_facts
from jaxaudit.source.flow import Flow
from jaxaudit.source.kinds import kind_of
from jaxaudit.source.program import Program
from jaxaudit.source.sites import Site, calls_of


class Stale(NamedTuple):
    """A value that a compiled function reads when it is traced, with the changes of it."""

    compiled: Compiled
    read: Read
    spelled: str
    changes: list[Change]


def match(program: Program) -> Iterator[Finding]:
    for stale in stale_values(program):
        found = judged(program, stale)
        if found is not None:
            yield found


def stale_values(program: Program) -> Iterator[Stale]:
    seen: set[tuple[int, str]] = set()
    for compiled, read in captured_reads(program):
        if kind_of(program, read.whole).what in ("module", "class") and not read.steps:
            continue
        spelled = spelling(read)
        key = (id(compiled.site.function), spelled)
        if key in seen:
            continue
        changes: list[Change] = []
        if read.base.__class__ is v.Free and not is_self(read.base):
            changes += changes_of_name(program, read.base)
            changes = [change for change in changes if not writes_another_item(change, read)]
        if read.steps:
            changes += changes_of_attribute(program, read, spelled)
        if changes:
            seen.add(key)
            yield Stale(compiled, read, spelled, changes)


def writes_another_item(change: Change, read: Read) -> bool:
    """`settings["rate"] = x` where only `settings["order"]` is read, and attributes alike."""
    first = read.steps[0] if read.steps else None
    if change.attribute:
        return not isinstance(first, v.Attr) or first.name != change.attribute
    if not isinstance(first, v.Item) or not isinstance(first.index, v.Const) or not isinstance(change.key, v.Const):
        return False
    return bool(first.index.value != change.key.value)


def judged(program: Program, stale: Stale) -> Finding | None:
    """Certain where one scope shows a call, then the change, then a call again."""
    site = stale.compiled.site
    calls = [edge.call for edge in calls_of(program, site) if means_one(edge.call.func)]
    runs = by_flow(program, [of_call(call) for call in calls])
    fresh = by_flow(program, [of_call(site.call)]) if makes_anew(program, site) else {}
    for change in stale.changes:
        for flow, moments in by_flow(program, [change.moment]).items():
            if not sees_variable(stale.read, change, flow):
                continue  # each call of the function around has a variable, and a jitted function, of its own
            found = run_change_run(runs.get(flow, []), moments, fresh.get(flow, []))
            if found is not None:
                return told(program, stale, change, found)
    supposed = next((change for change in stale.changes if may_come_later(stale, change)), None)
    return told(program, stale, supposed, None) if supposed is not None and stale.read.base.flow is not None else None


def sees_variable(read: Read, change: Change, flow: Flow) -> bool:
    """Whether one run of this scope sees one and the same variable (or what it holds) before and after a change."""
    if read.base.__class__ is not v.Free or read.base.home.function.is_module:
        return True
    if read.steps and change.moment.flow is not read.base.home:
        return True  # an object's attribute, changed by whoever holds the object
    scope: Flow | None = flow
    while scope is not None:
        if scope is read.base.home:
            return True
        scope = scope.parent
    return False


def means_one(func: v.Value) -> bool:
    """Whether a called name has one meaning: of one that is bound again, the other may be meant."""
    return func.__class__ is not v.Free or len(func.values()) == 1


def may_come_later(stale: Stale, change: Change) -> bool:
    """Another function assigns the very name or attribute, and nothing tells when: a run would."""
    compiled = stale.compiled
    if change.writes or compiled.through_parameter or change.function.is_module:
        return False
    base = stale.read.base
    if isinstance(base, v.Free) and not is_self(base):
        return base.home.function.is_module and change.function is not base.home.function and not stale.read.steps
    owner = compiled.site.function.owner
    if owner is None or change.function.owner is not owner:
        return False
    return class_facts(base.flow.program, owner).pytree == "" if base.flow is not None else False


def makes_anew(program: Program, site: Site) -> bool:
    """Whether building the wrapper again compiles again."""
    return site.call.decorator or lifetime.identity(program, site.value).how != "same"


def told(program: Program, stale: Stale, change: Change, found: Sequence | None) -> Finding:
    site = stale.compiled.site
    flow = stale.read.base.flow
    assert flow is not None
    place = program.place(flow, next(s.expr for s in (*stale.read.steps, stale.read.base) if s.expr is not None))
    if found is not None:
        message = (
            f"jitted `{site.function.name}` reads `{stale.spelled}` while it is traced; line {change.place.line} "
            f"{change.what}, and the call in line {line(found.again)} still works with the old value"
        )
        if found.first is found.again:
            message += " from the second turn on"
    else:
        message = (
            f"jitted `{site.function.name}` reads `{stale.spelled}` while it is traced; `{change.function.name}` "
            f"{change.what} (line {change.place.line}), which calls after the first one do not see"
        )
    notes = [Note(change.place, f"{change.what} here")]
    if found is not None:
        notes.append(Note(program.place(found.again.flow, found.again.expr), "this call uses the old value"))
    return RULE.found(
        place,
        message[0].upper() + message[1:],
        0.9 if found is not None and not stale.compiled.only_in_tests else 0.5,
        facts={"function": site.function.name, "name": stale.spelled, "changed_line": change.place.line},
        notes=notes,
        help=f"Hand `{stale.spelled}` in as an argument of `{site.function.name}`.",
    )


def line(moment: Moment) -> int:
    return start(moment.expr)[0]  # type: ignore[arg-type]


def spelling(read: Read) -> str:
    """`self.scale`, `config.rate`, `settings["rate"]`: the name with its first attribute or written item."""
    name = getattr(read.base, "name", "")
    if read.steps and isinstance(read.steps[0], v.Item) and isinstance(read.steps[0].index, v.Const):
        return f"{name}[{read.steps[0].index.value!r}]"
    if read.steps and isinstance(read.steps[0], v.Attr):
        return f"{name}.{read.steps[0].name}"
    return str(name) or text(read.base.expr)


RULE = Rule(
    name="stale-capture",
    title="captured value changed after compilation",
    severity="error",
    dont="Change a value that a jitted function reads from around it, and call the function again.",
    do="Make what changes an argument of the jitted function.",
    why="A jitted function reads the names and attributes around it once, while it is traced. 10 calls with a global "
    "scale that went from 0 to 9 gave the result for 0 ten times, without a warning (JAX 0.10.2 and 0.12.0.1).",
    allowed="Values that are set before the first call and then stay; functions that are jitted anew after the change.",
    may_break="The results change: they were wrong.",
    sees=("source", "run"),
    needs=("argument_values", "constants"),
    examples=(
        Example(
            "global that a script changes",
            dont=Sample(
                """import jax
import jax.numpy as jnp

scale = 1.0


@jax.jit
def scaled(x):
    return scale * x  # fault


first = scaled(jnp.ones(3))
scale = 2.0
second = scaled(jnp.ones(3))
""",
                shows="second[0] == 1.0",
            ),
            do=Sample(
                """import jax
import jax.numpy as jnp

scale = 1.0


@jax.jit
def scaled(x, scale):
    return scale * x


first = scaled(jnp.ones(3), scale)
scale = 2.0
second = scaled(jnp.ones(3), scale)
""",
                shows="second[0] == 2.0",
            ),
        ),
        Example(
            "variable of a training loop",
            dont=Sample(
                """import jax
import jax.numpy as jnp


def train(w, steps):
    rate = 1.0
    step = jax.jit(lambda w: w - rate)  # fault
    for _ in range(steps):
        w = step(w)
        rate = 0.5 * rate
    return w


w = train(jnp.float32(8.0), 4)
""",
                shows="w == 4.0",
            ),
            do=Sample(
                """import jax
import jax.numpy as jnp


def train(w, steps):
    rate = 1.0
    step = jax.jit(lambda w, rate: w - rate)
    for _ in range(steps):
        w = step(w, rate)
        rate = 0.5 * rate
    return w


w = train(jnp.float32(8.0), 4)
""",
                shows="w == 6.125",
            ),
        ),
        Example(
            "attribute of a jitted method's object",
            dont=Sample(
                """import jax
import jax.numpy as jnp


class Filter:
    def __init__(self, gain):
        self.gain = gain
        self.apply = jax.jit(self._apply)

    def _apply(self, x):
        return self.gain * x  # fault

    def set_gain(self, gain):
        self.gain = gain


bandpass = Filter(1.0)
low = bandpass.apply(jnp.ones(3))
bandpass.set_gain(10.0)
high = bandpass.apply(jnp.ones(3))
""",
                shows="high[0] == 1.0",
            ),
            do=Sample(
                """import jax
import jax.numpy as jnp


@jax.jit
def amplify(gain, x):
    return gain * x


class Filter:
    def __init__(self, gain):
        self.gain = gain

    def apply(self, x):
        return amplify(self.gain, x)

    def set_gain(self, gain):
        self.gain = gain


bandpass = Filter(1.0)
low = bandpass.apply(jnp.ones(3))
bandpass.set_gain(10.0)
high = bandpass.apply(jnp.ones(3))
""",
                shows="high[0] == 10.0",
            ),
        ),
        Example(
            "list written into between calls",
            dont=Sample(
                """import jax
import jax.numpy as jnp
import numpy as np

weights = np.ones(3, np.float32)


@jax.jit
def total(x):
    return jnp.sum(weights * x)  # fault


sums = []
for k in range(3):
    weights[k] = 10.0
    sums.append(float(total(jnp.ones(3))))
""",
                shows="sums == [12.0, 12.0, 12.0]",
            ),
            do=Sample(
                """import jax
import jax.numpy as jnp
import numpy as np

weights = np.ones(3, np.float32)


@jax.jit
def total(weights, x):
    return jnp.sum(weights * x)


sums = []
for k in range(3):
    weights[k] = 10.0
    sums.append(float(total(weights.copy(), jnp.ones(3))))
""",
                shows="sums == [12.0, 21.0, 30.0]",
            ),
        ),
    ),
    allowed_samples=(
        Sample(
            """import jax
import jax.numpy as jnp

offset = 0.0
offset = 3.0


@jax.jit
def shift(x):
    return x + offset


y = shift(jnp.ones(3))
z = shift(y)
""",
            shows="z[0] == 7.0",
        ),
        Sample(
            """import jax
import jax.numpy as jnp

results = []
for power in (1, 2, 3):
    f = jax.jit(lambda x: x**power)
    results.append(f(jnp.float32(2.0)))
""",
            shows="[float(r) for r in results] == [2.0, 4.0, 8.0]",
        ),
    ),
    match=match,
    observe=observe,
)
