"""Seconds of compiling that every process pays again."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from jaxaudit.model import Finding, amounts
from jaxaudit.rules.environment.keeping_programs import propose
from jaxaudit.rules.rule import Example, Rule, Sample

if TYPE_CHECKING:
    from jaxaudit.model.evidence import Evidence, Site

WORTH = 5.0
"""Seconds of XLA's work below which keeping it is not worth a setting."""


UNKEPT = 0.3
"""Seconds of XLA's work from which on a cache that was asked for, and keeps none of it, is worth a word."""


def observe(rule: Rule, evidence: Evidence) -> Iterator[Finding]:
    yield from nothing_kept(rule, evidence)
    uncached = [seen for seen in evidence.compiles if seen.cache == "off"]
    total = sum(seen.compile_s for seen in uncached)
    if total < WORTH:
        return
    by_function: dict[Site, float] = {}
    for seen in uncached:
        by_function[seen.site] = by_function.get(seen.site, 0.0) + seen.compile_s
    worst = max(by_function, key=lambda site: by_function[site])
    calls = [seen.at for seen in uncached if seen.site == worst and seen.at is not None]
    yield rule.seen(
        calls[0] if calls and not worst.user else worst.spot,
        f"XLA compiled for {amounts.seconds(total)} in this run, most of it for `{worst.name}` "
        f"({amounts.seconds(by_function[worst])}), and no compilation cache keeps the result: every process pays it again",
        facts={"seconds": round(total, 2), "programs": len(uncached)},
    )


def nothing_kept(rule: Rule, evidence: Evidence) -> Iterator[Finding]:
    """A cache is on, and each program compiled in less time than what it keeps."""
    unkept = [seen for seen in evidence.compiles if seen.cache == "unkept"]
    total = sum(seen.compile_s for seen in unkept)
    others = any(seen.cache in ("hit", "miss") for seen in evidence.compiles)
    if total < (WORTH if others else UNKEPT):
        return
    longest = max(unkept, key=lambda seen: seen.compile_s)
    what = "most programs" if others else "every program"
    set_by = next((one.at for one in evidence.settings if one.name.lower() == "jax_compilation_cache_dir"), None)
    called = longest.at if longest.at is not None and not longest.site.user else longest.site.spot
    yield rule.seen(
        set_by or called,
        f"a compilation cache is on, but {what} compiled in less than `jax_persistent_cache_min_compile_time_secs` ({len(unkept)} of them, "
        f"{amounts.seconds(total)} in all, the longest `{longest.site.name}`), so nothing of that is written to it: every process compiles it again",
        facts={"seconds": round(total, 2), "programs": len(unkept), "unkept": True},
        notes=[(called, f"`{longest.site.name}`, the longest")] if set_by is not None else (),
        help="Set `jax_persistent_cache_min_compile_time_secs` to 0, or `JAX_PERSISTENT_CACHE_MIN_COMPILE_TIME_SECS=0`.",
    )


RULE = Rule(
    name="no-compilation-cache",
    title="Nothing keeps compiled programs",
    severity="info",
    dont="Let every process compile the same programs for seconds.",
    do="Set `JAX_COMPILATION_CACHE_DIR`, or `jax.config.update('jax_compilation_cache_dir', folder)` before the first call.",
    why="Compiled programs live as long as their process. With a cache folder a second process reads them: JAX keeps by "
    "default what took longer than 1 s to compile.",
    allowed="Short programs, and programs that differ each time, such as those with captured data.",
    may_break="The folder grows; JAX does not empty it unless `jax_compilation_cache_max_size` says so.",
    sees=("run",),
    needs=("compile_time",),
    examples=(
        Example(
            "a folder for programs",
            dont=Sample(
                """import jax
import jax.numpy as jnp


@jax.jit
def step(x):
    return jnp.tanh(x @ x)


y = step(jnp.ones((8, 8)))
""",
                shows="jax.config.jax_compilation_cache_dir is None",
            ),
            do=Sample(
                """import os
import tempfile

import jax
import jax.numpy as jnp

folder = tempfile.mkdtemp()
jax.config.update("jax_compilation_cache_dir", folder)
jax.config.update("jax_persistent_cache_min_compile_time_secs", 0.0)
jax.config.update("jax_persistent_cache_min_entry_size_bytes", -1)


@jax.jit
def step(x):
    return jnp.tanh(x @ x)


y = step(jnp.ones((8, 8)))
""",
                shows="len(os.listdir(folder)) > 0",
            ),
        ),
    ),
    allowed_samples=(),
    observe=observe,
    propose=propose,
)
