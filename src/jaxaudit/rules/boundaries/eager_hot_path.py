"""Array work outside jit that compiles one small program after another."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from jaxaudit.model import Finding, Note, amounts
from jaxaudit.rules.boundaries.eager_loops import EagerLoop, eager_loops
from jaxaudit.rules.boundaries.eager_seen import is_told, looping, worth_a_word
from jaxaudit.rules.boundaries.jitting_a_turn import propose
from jaxaudit.rules.recompiles import of_rule
from jaxaudit.rules.rule import Example, Rule, Sample
from jaxaudit.source.facts import text

if TYPE_CHECKING:
    from jaxaudit.model.evidence import CompileSeen, Evidence
    from jaxaudit.model.spot import Spot
    from jaxaudit.source.program import Program


OFTEN = 4
"""Compilations of one operation at one line from which on it is a hot path."""
SECONDS, SHARE = 1.0, 0.1
"""Of the whole run, from which on lines that compile now and then are worth a word together: setting up is allowed."""


MUCH, MANY = 15, 100
"""Operations of a turn, and turns, from which on source alone makes a loop suspect."""


def match(program: Program) -> Iterator[Finding]:
    for found in eager_loops(program):
        yield suspected(program, found)


def suspected(program: Program, found: EagerLoop) -> Finding:
    """What a run would settle: how long the small programs of a turn take beside the work itself."""
    loop, most = found.loop, found.most
    one_call = most is not None and 2 * found.share >= found.operations
    line = f"line {loop.line}"
    what = f"`{text(most.expr[1], 40)}`" if one_call and most is not None else f"the loop in {line}"
    where = f"in every turn of the loop in {line}" if one_call else "in every turn"
    turns = f"{found.turns} turns" if found.turns is not None else "turn after turn"
    return RULE.found(
        program.place(loop.flow, most.expr if one_call and most is not None else loop.expr),
        f"{what} dispatches about {found.operations} array operations one by one {where} ({turns}): it runs eagerly, outside "
        "jit, so each is a small program of its own; put one `jax.jit` around the work of a turn",
        0.5 if found.operations >= MUCH and (found.turns is None or found.turns >= MANY) else 0.4,
        facts={"operations": found.operations, "turns": found.turns, "loop": loop.line},
        notes=[Note(program.place(loop.flow, loop.expr), "the loop")] if one_call and loop.expr is not None else (),
        help="Jit a function of one turn and call that in the loop, or make the loop a `jax.lax.scan` under jit.",
    )


def observe(rule: Rule, evidence: Evidence) -> Iterator[Finding]:
    """One for each loop that runs small programs, one for each line that compiles often, one for all that do now and then."""
    loops = list(worth_a_word(evidence))
    yield from (looping(rule, seen, evidence) for seen in loops)
    lines: dict[Spot, list[CompileSeen]] = {}
    for group in of_rule(evidence, rule.name):
        for seen in group.compiles:
            lines.setdefault(seen.at or group.site.spot, []).append(seen)
    slight: dict[Spot, list[CompileSeen]] = {}
    for at, compiles in lines.items():
        if is_told(at, loops):
            continue
        if len(compiles) >= OFTEN:
            yield hot(rule, at, compiles)
        else:
            slight[at] = compiles
    if sum(map(seconds, slight.values())) >= max(SECONDS, SHARE * evidence.environment.seconds):
        yield now_and_then(rule, slight)


def hot(rule: Rule, at: Spot, compiles: Sequence[CompileSeen]) -> Finding:
    times = Counter(seen.site.name for seen in compiles)
    spent = {name: sum(seen.seconds for seen in compiles if seen.site.name == name) for name in times}
    names = sorted(times, key=lambda name: -spent[name])
    shapes = {change.now for seen in compiles for change in seen.cause.changes if change.now}
    more = f" ({len(shapes)} different inputs)" if shapes else ""
    whose = library(compiles)
    shown = f"{', '.join(f'`{name}`' for name in names[:4])}{' and others' if len(names) > 4 else ''}"
    cost = amounts.seconds(seconds(compiles))
    return rule.seen(
        at,
        f"{whose} works outside jit here, {len(compiles)} small programs after the first{more}: {shown}; {cost} in all"
        if whose
        else f"array work outside jit, of this line or of what it calls, compiled again {len(compiles)} times{more}: "
        f"{shown}, each a small program of its own; {cost} in all",
        facts={
            "operations": names[:20],
            "recompiles": len(compiles),
            "shapes": len(shapes),
            "seconds": round(seconds(compiles), 4),
        }
        | ({"library": whose} if whose else {}),
        help=advice(at, whose),
        severity=None if at.loop and not whose and max(times.values()) >= OFTEN else "info",
    )


def library(compiles: Sequence[CompileSeen]) -> str:
    """The library that asked for most of it, on the user's line; "" where the line itself did."""
    spent: Counter[str] = Counter()
    for seen in compiles:
        spent[seen.via] += round(1e6 * seen.seconds) + 1
    return spent.most_common(1)[0][0]


def advice(at: Spot, whose: str = "") -> str:
    if whose:
        return (
            f"{whose} does this itself, one operation at a time. A jit around your call helps where {whose} may run under "
            "jit; where it may not, a compilation cache (`JAX_COMPILATION_CACHE_DIR`) keeps these programs from run to run."
        )
    if at.loop is not None:
        return "Put one jit around the work of a turn, and keep its shapes the same."
    around = f"`{at.function}`, or around what calls it" if at.function not in ("", "<module>") else "these lines"
    return f"If it matters to you, put one jit around {around}: one program instead of many."


def now_and_then(rule: Rule, lines: dict[Spot, list[CompileSeen]]) -> Finding:
    every = [seen for compiles in lines.values() for seen in compiles]
    worst = max(lines, key=lambda at: seconds(lines[at]))
    return rule.seen(
        worst,
        f"{many(len(every), len(lines))}: {amounts.seconds(seconds(every))} in all",
        facts={"recompiles": len(every), "lines": [str(at) for at in lines][:20], "seconds": round(seconds(every), 4)},
        help=advice(worst, library(lines[worst])),
        severity="info",
    )


def many(programs: int, lines: int) -> str:
    if programs == 1:
        return "a small program outside jit was compiled again for another input"
    where = f", at {lines} lines, most of them here" if lines > 1 else ""
    return f"{programs} small programs outside jit were compiled again for other inputs{where}"


def seconds(compiles: Sequence[CompileSeen]) -> float:
    return sum(seen.seconds for seen in compiles)


RULE = Rule(
    name="eager-hot-path",
    title="Array work outside jit in a hot place",
    severity="warning",
    dont="Run jnp operations one by one in a loop, or over the leaves of a pytree, outside jit.",
    do="Put one jit around the work of a turn.",
    why="Outside jit every operation is a program of its own: each is compiled for each shape that it meets, and each "
    "call pays the way to the device and back. A loop over six lengths compiles one `cumsum` six times, at one length "
    "once (counted on JAX 0.10.2 and 0.12.0.1).",
    allowed="Code that runs once, debugging, set-up.",
    may_break="XLA may fuse what ran apart, so the last bits of a float may move.",
    sees=("source", "run"),
    needs=("compile_count", "timing"),
    examples=(
        Example(
            "a simulator's step",
            dont=Sample(
                """import jax
import jax.numpy as jnp


def step(state):
    angle, speed = state
    push = -9.8 * jnp.sin(angle) - 0.1 * jnp.tanh(speed) + 0.3 * jnp.cos(speed)
    speed = speed + 0.02 * push
    return jnp.stack([angle + 0.02 * speed, speed])


state = jnp.array([0.1, 0.0])
for _ in range(40):
    state = step(state)  # fault
""",
                shows="compiles('step') == 0 and compiles('sin') == 1 and compiles('tanh') == 1",
            ),
            do=Sample(
                """import jax
import jax.numpy as jnp


@jax.jit
def step(state):
    angle, speed = state
    push = -9.8 * jnp.sin(angle) - 0.1 * jnp.tanh(speed) + 0.3 * jnp.cos(speed)
    speed = speed + 0.02 * push
    return jnp.stack([angle + 0.02 * speed, speed])


state = jnp.array([0.1, 0.0])
for _ in range(40):
    state = step(state)
""",
                shows="compiles('step') == 1 and compiles('sin') == 0",
            ),
        ),
    ),
    allowed_samples=(),
    match=match,
    observe=observe,
    propose=propose,
)
