"""A jit within the body of a loop that is compiled as a whole."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from jaxaudit.model import Finding
from jaxaudit.rules.rule import Example, Rule, Sample

if TYPE_CHECKING:
    from jaxaudit.model.evidence import Evidence
    from jaxaudit.model.wasted import NestedSeen


LIKELY = 0.6
"""It does nothing in this run; another program may call it on its own."""


def observe(rule: Rule, evidence: Evidence) -> Iterator[Finding]:
    """Functions that this run never called but within loops, from one place: neither a boundary nor reused."""
    never_alone = {one.site.spot for one in evidence.functions if one.calls and one.calls == one.tracer_calls}
    for seen in evidence.nested:
        if seen.uses == 1 and seen.site.spot in never_alone:
            yield found(rule, seen)


def found(rule: Rule, seen: NestedSeen) -> Finding:
    name = seen.site.name
    return rule.seen(
        seen.site.spot,
        f"`{name}` is jitted, and this run called it only within a loop (`{seen.by}`) of `{seen.outer.name}`, which is "
        f"compiled as a whole: there the jit of `{name}` compiles nothing of its own",
        confidence=LIKELY,
        facts={"function": name, "outer": seen.outer.name, "loop": seen.by},
        notes=[(seen.at, "the loop")],
        help=f"Jit `{seen.outer.name}`, the public boundary, and leave `{name}` plain.",
    )


_PROGRAM = """import jax
import jax.numpy as jnp


{jit}def drag(v):
    return -0.1 * v * jnp.abs(v)


@jax.jit
def fall(v, gravity):
    def step(v, _):
        v = v + 0.01 * (gravity + drag(v))
        return v, v

    return jax.lax.scan(step, v, None, length=50)


last, path = fall(0.0, 9.8)
"""

RULE = Rule(
    name="nested-jit-in-step",
    title="A jit inside a loop that is compiled anyway",
    severity="info",
    dont="Jit the function that a scan's body or a solver's step calls.",
    do="Jit once, at the public boundary: XLA compiles the loop with all that its body calls.",
    why="Within a traced loop a jit makes no program of its own: the example compiles 1 program with and without it. What "
    "it leaves is one more call to trace and to lower (one `pjit` equation in the body, counted on JAX 0.10.2 and "
    "0.12.0.1).",
    allowed="A sub-program that is traced once and used in several places, measured to help; a function that is also "
    "called on its own.",
    may_break="Called on its own, outside every jit, the function runs operation by operation.",
    sees=("run",),
    needs=("equations",),
    examples=(
        Example(
            "the force in a step",
            dont=Sample(
                _PROGRAM.replace("{jit}", "@jax.jit\n"),
                shows="compiles('drag') == 0 and compiles('fall') == 1 and "
                "'drag' in str(jax.make_jaxpr(fall)(0.0, 9.8))",
            ),
            do=Sample(
                _PROGRAM.replace("{jit}", ""),
                shows="compiles('fall') == 1 and 'drag' not in str(jax.make_jaxpr(fall)(0.0, 9.8))",
            ),
        ),
    ),
    allowed_samples=(),
    observe=observe,
)
