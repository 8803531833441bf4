"""Clocks of two audits side by side. They gate only with an interval, and only on the same kind of machine."""

import random
from collections.abc import Iterator, Mapping, Sequence
from statistics import median
from typing import Any

Document = Mapping[str, Any]
LEAST = 5
"""Runs of each that an interval needs."""
WORSE = 1.10
"""A clock is worse where its interval lies above this: two sittings differ more than two runs of one."""
GATES = ("cpu_s",)
"""What the machine's other work moves least."""
DRAWS = 2000
SAME = ("platform", "backend", "devices", "cores", "python", "jax")


def clock_changes(before: Document, after: Document) -> Iterator[dict[str, Any]]:
    """Each clock of the unchanged programs: medians, and the interval of their ratio where both have enough runs."""
    old = {one["metric"]: one["values"] for one in before.get("clocks", ())}
    same = all(before["environment"].get(name) == after["environment"].get(name) for name in SAME)
    for one in after.get("clocks", ()):
        metric, new = one["metric"], one["values"]
        was = old.get(metric)
        if not was or not new:
            continue
        low, high = bounds(was, new) if min(len(was), len(new)) >= LEAST else (None, None)
        yield {
            "metric": metric,
            "old": round(median(was), 4),
            "new": round(median(new), 4),
            "low": low,
            "high": high,
            "runs": [len(was), len(new)],
            "same_machine": same,
            "worse": same and metric in GATES and low is not None and low > WORSE,
        }


def bounds(was: Sequence[float], now: Sequence[float], seed: int = 0) -> tuple[float, float]:
    """Of the ratio of medians, what 99 in 100 resamplings of both sides keep to."""
    chance = random.Random(seed)
    ratios = sorted(
        median(chance.choices(now, k=len(now))) / max(median(chance.choices(was, k=len(was))), 1e-9)
        for _ in range(DRAWS)
    )
    return round(ratios[int(0.005 * DRAWS)], 4), round(ratios[int(0.995 * DRAWS) - 1], 4)
