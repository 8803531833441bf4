"""The figures of one run that a change can move."""

from collections.abc import Mapping

from jaxaudit.model.evidence import Evidence, FunctionSeen
from jaxaudit.verify.running import Ran

Figure = tuple[str, str]
"""A metric, and the function it is of ("" for the whole run)."""

CLOCKS = ("compile_s", "steady_s", "cpu_s", "seconds")


def figures(ran: Ran) -> Mapping[Figure, float]:
    """Counts and clocks of the whole run, and the counts of each of the user's functions by its name."""
    evidence = ran.evidence
    table: dict[Figure, float] = {
        ("compiles", ""): len(evidence.compiles),
        ("traces", ""): sum(seen.outer is None for seen in evidence.traces),
        ("constants_bytes", ""): constants(evidence),
        ("equations", ""): sum(one.equations for one in evidence.programs),
        ("syncs", ""): waits(evidence),
        ("cache_hits", ""): sum(one.cache == "hit" for one in evidence.compiles),
        ("compile_s", ""): stage_seconds(evidence),
        ("steady_s", ""): steady(ran),
        ("cpu_s", ""): ran.cpu,
        ("seconds", ""): ran.seconds,
        ("peak_bytes", ""): ran.peak,
    }
    for one in evidence.functions:
        if one.site.user:
            _add(table, one)
    return table


def _add(table: dict[Figure, float], one: FunctionSeen) -> None:
    """Functions of one name are one: a change may move its line."""
    name = one.site.name
    for metric, value in (("compiles", one.compiles), ("traces", one.traces)):
        table[metric, name] = table.get((metric, name), 0) + value
    for metric, value in (("constants_bytes", one.constants_bytes), ("equations", one.equations)):
        table[metric, name] = max(table.get((metric, name), 0), value)


def constants(evidence: Evidence) -> float:
    return sum(one.constants_bytes for one in evidence.compiles)


def waits(evidence: Evidence) -> float:
    """How often the host waited for the device. `device_get` of many arrays at once, outside every loop, is one wait."""
    return sum(
        1 if one.how == "device_get" and one.at.loop is None and not one.loop and one.in_loop_of is None else one.count
        for one in evidence.syncs
    )


def stage_seconds(evidence: Evidence) -> float:
    return sum(one.seconds for one in evidence.compiles)


def steady(ran: Ran) -> float:
    """Seconds after JAX was imported that were not spent on compiling."""
    first = ran.evidence.environment
    return max(0.0, ran.seconds - first.import_s - stage_seconds(ran.evidence))
