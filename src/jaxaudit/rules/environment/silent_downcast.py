"""64 bits were asked for, and 32 delivered."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from jaxaudit.model import Finding, amounts
from jaxaudit.rules.rule import Example, Rule, Sample

if TYPE_CHECKING:
    from jaxaudit.model.evidence import DowncastSeen, Evidence

SURE, OF_LIBRARY = 0.95, 0.6
"""What a library asks for on its own account is seldom what its user meant."""


def observe(rule: Rule, evidence: Evidence) -> Iterator[Finding]:
    for one in evidence.downcasts:
        yield rule.seen(
            one.at,
            f"{asker(one)} asked for `{one.asked}` and got `{one.given}`, {amounts.times(one.count)}: `jax_enable_x64` is off",
            confidence=OF_LIBRARY if one.package else SURE,
            facts={"asked": one.asked, "given": one.given, "count": one.count, "library": one.package},
            severity=None if one.asked.startswith(("float", "complex")) else "info",
        )


def asker(one: DowncastSeen) -> str:
    return f"{one.package}, called here," if one.package else "this line"


RULE = Rule(
    name="silent-downcast",
    title="64 bits asked for, 32 delivered",
    severity="warning",
    dont="Ask JAX for `float64` (or `int64`, `complex128`) while `jax_enable_x64` is off.",
    do='Enable it right after `import jax`, `jax.config.update("jax_enable_x64", True)`, or ask for 32 bits where those are '
    "enough.",
    why="JAX rounds to 32 bits with one warning for each line, which many programs filter: `jnp.asarray(0.1, jnp.float64)` is "
    "off by 1.5e-9, and 1 + 1e-9 == 1 (JAX 0.10.2 and 0.12.0.1).",
    allowed="Code that asks for the widest type there is, such as `float` or `jnp.result_type(float)`: JAX gives it 32 bits, "
    "as it says.",
    may_break="With 64 bits arrays take twice the memory and a GPU is many times slower; results change in the last digits.",
    sees=("run",),
    needs=(),
    examples=(
        Example(
            "a sum in double precision",
            dont=Sample(
                """import jax.numpy as jnp

parts = jnp.array([1.0, 1e-9], dtype=jnp.float64)
total = parts.sum()
""",
                shows="str(total.dtype) == 'float32' and float(total) == 1.0 and 'will be truncated' in warned",
            ),
            do=Sample(
                """import jax
import jax.numpy as jnp

jax.config.update("jax_enable_x64", True)

parts = jnp.array([1.0, 1e-9], dtype=jnp.float64)
total = parts.sum()
""",
                shows="str(total.dtype) == 'float64' and float(total) > 1.0 and 'truncated' not in warned",
            ),
        ),
        Example(
            "a cast inside a jitted function, with the warning filtered",
            dont=Sample(
                """import warnings

import jax
import jax.numpy as jnp

warnings.filterwarnings("ignore")


@jax.jit
def variance(x):
    x = x.astype("float64")
    return jnp.mean(x**2) - jnp.mean(x) ** 2


spread = variance(jnp.array([4000.0, 4000.5, 4001.0]))
""",
                shows="abs(float(spread) - 1 / 6) > 0.1",
            ),
            do=Sample(
                """import jax
import jax.numpy as jnp


@jax.jit
def variance(x):
    return jnp.mean((x - jnp.mean(x)) ** 2)


spread = variance(jnp.array([4000.0, 4000.5, 4001.0]))
""",
                shows="abs(float(spread) - 1 / 6) < 1e-3",
            ),
        ),
    ),
    allowed_samples=(
        Sample(
            """import jax.numpy as jnp
import numpy as np

x = jnp.asarray(np.linspace(0.0, 1.0, 3))
y = jnp.ones(3, dtype=float)
""",
            shows="str(y.dtype) == 'float32' and 'truncated' not in warned",
        ),
    ),
    observe=observe,
    matters_in_tests=True,
)
