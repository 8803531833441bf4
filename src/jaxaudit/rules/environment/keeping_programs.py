"""What an audit proposes for `no-compilation-cache`: a folder in which JAX keeps compiled programs between processes."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence

from jaxaudit.model import Finding, amounts
from jaxaudit.model.proposal import Expected
from jaxaudit.model.spot import Spot
from jaxaudit.rules.project import Change, Project, Refused

VARIABLE = "JAX_COMPILATION_CACHE_DIR"
KEPT_FROM = 1.0
"""Seconds: what compiles faster is not kept, unless `jax_persistent_cache_min_compile_time_secs` says so."""
RISK = (
    "The first process after each change still compiles, and takes a little longer to write; the folder grows until "
    "`jax_compilation_cache_max_size` bounds it; programs with captured data that differs are compiled anew."
)


def propose(findings: Sequence[Finding], project: Project) -> Iterator[Change | Refused]:
    findings = [one for one in findings if "unkept" not in one.facts]  # the cache is on: its setting is the user's
    if not findings:
        return
    first = findings[0]
    at = Spot(first.place.path, first.place.line, first.place.function)
    off = [one for one in project.evidence.compiles if one.cache == "off"]
    long = [one for one in off if one.compile_s >= KEPT_FROM]
    if not long:
        longest = max((one.compile_s for one in off), default=0.0)
        yield Refused(
            f"Set {VARIABLE}", tuple(findings), at, "no-gain",
            f"no program took 1 s to compile (the longest {amounts.seconds(longest)}), and JAX keeps none that takes less, "
            "unless `jax_persistent_cache_min_compile_time_secs` says so",
        )  # fmt: skip
        return
    folder = os.path.join(os.path.expanduser("~"), ".cache", "jax")
    yield Change(
        f"Set {VARIABLE}: a second process reads compiled programs instead of compiling them",
        tuple(findings),
        at,
        setting={"env": {VARIABLE: folder}},
        expected=(Expected("cache_hits", 0, len(long), 1, len(off)),),
        risk=RISK,
    )
