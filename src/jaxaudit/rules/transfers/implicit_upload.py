"""A large array of the host's that is copied to the device at every call."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from jaxaudit.model import Finding, amounts
from jaxaudit.rules.rule import Example, Rule, Sample

if TYPE_CHECKING:
    from jaxaudit.model.evidence import ArgumentSeen, Evidence, FunctionSeen

LARGE = 1 << 20
CALLS = 3


def observe(rule: Rule, evidence: Evidence) -> Iterator[Finding]:
    for function in evidence.functions:
        for argument in function.arguments:
            if is_upload(function, argument):
                yield rule.seen(
                    function.site.spot,
                    f"`{argument.name}{argument.host}` of `{function.site.name}` is the same host array in every call (NumPy, "
                    f"{amounts.size(argument.bytes)}), and each call copies it to the device: "
                    f"{amounts.size(argument.host_upload_bytes)} in {function.calls} calls",
                    facts={
                        "function": function.site.name,
                        "argument": argument.name,
                        "leaf": f"{argument.name}{argument.host}",
                        "upload_bytes": argument.host_upload_bytes,
                        "calls": function.calls,
                    },
                    help=advice(argument),
                )


def advice(argument: ArgumentSeen) -> str:
    name = argument.name
    if argument.host:
        return f"Make `{name}{argument.host}` an array of JAX's once, where `{name}` is built: `jnp.asarray(...)`."
    return f"Copy it once, before the loop: `{name} = jax.device_put({name})`."


def is_upload(function: FunctionSeen, argument: ArgumentSeen) -> bool:
    return (
        function.site.user
        and function.calls >= CALLS
        and argument.same_object
        and argument.bytes >= LARGE
        and argument.host_upload_bytes >= CALLS * LARGE
    )


_PROGRAM = """import jax
import jax.numpy as jnp
import numpy as np

table = {table}


@jax.jit
def look_up(table, i):
    return table[i].sum()


for i in range(4):
    y = look_up(table, i)
"""

RULE = Rule(
    name="implicit-upload",
    title="A host array copied to the device at every call",
    severity="warning",
    dont="Hand a jitted function the same large NumPy array or list again and again.",
    do="Copy it to the device once: `jax.device_put(array)`.",
    why="A NumPy argument is copied at each call, before the program starts: with a float32[1024,1024] a call took 434 us, "
    "with the same array on the device 27 us (best of 30, on the CPU backend, JAX 0.10.2).",
    allowed="Data that differs from call to call.",
    may_break="A NumPy array that is changed in place later no longer changes what the function sees.",
    sees=("run",),
    needs=("argument_values",),
    examples=(
        Example(
            "a table from NumPy",
            dont=Sample(
                _PROGRAM.replace("{table}", "np.ones((1024, 1024), np.float32)"), shows="isinstance(table, np.ndarray)"
            ),
            do=Sample(
                _PROGRAM.replace("{table}", "jax.device_put(np.ones((1024, 1024), np.float32))"),
                shows="isinstance(table, jax.Array) and compiles('look_up') == 1",
            ),
        ),
    ),
    allowed_samples=(),
    observe=observe,
)
