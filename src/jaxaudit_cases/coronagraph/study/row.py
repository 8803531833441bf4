"""One row of the table, measured in a process of its own."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import jax

from jaxaudit_cases.choices import SIMPLIFIED, VARIANTS
from jaxaudit_cases.coronagraph.study.captured import captured_bytes
from jaxaudit_cases.coronagraph.study.frames import PROGRAMS
from jaxaudit_cases.coronagraph.study.memory import Height
from jaxaudit_cases.coronagraph.study.observation import observation

WARM_UP = 2
"""Frames after the first that are not counted."""

Made = TypeVar("Made")


class Stages:
    """Wall and processor seconds of named stages, and the memory that they took."""

    def __init__(self) -> None:
        self.wall_s: dict[str, float] = {}
        self.cpu_s: dict[str, float] = {}
        self._height = Height()

    def __call__(self, name: str, work: Callable[[], Made]) -> Made:
        wall, cpu = time.perf_counter(), time.process_time()
        made = work()
        self.wall_s[name] = time.perf_counter() - wall
        self.cpu_s[name] = time.process_time() - cpu
        self._height.stage()
        return made

    def as_json(self) -> dict[str, Any]:
        """With the sums."""
        sums = {"wall_s": self.wall_s, "cpu_s": self.cpu_s}
        return {
            **{name: {**values, "all": sum(values.values())} for name, values in sums.items()},
            "peak_bytes_over_inputs": self._height.over_inputs,
        }


def measured(wanted: dict[str, Any]) -> dict[str, Any]:
    """The row of `wanted`: folder of the package, variant, form, number of frames.

    Inputs are on the device before the clock starts; a memory-mapped cube is, on CPU, where it lies, and what faulting
    its pages in costs belongs to the first run.
    """
    variant = VARIANTS[wanted["variant"]]
    if variant.environment and SIMPLIFIED not in jax.config.values:
        return {"status": "skipped", "why": f"JAX {jax.__version__} has no {SIMPLIFIED}"}
    seen = jax.block_until_ready(observation(Path(wanted["folder"]), variant.form or wanted["form"]))  # type: ignore[no-untyped-call]
    prepared = time.perf_counter()
    program = PROGRAMS[variant.name](seen)
    prepared = time.perf_counter() - prepared
    keys = list(jax.block_until_ready(jax.random.split(jax.random.key(0), 1 + WARM_UP + wanted["frames"])))  # type: ignore[no-untyped-call]
    stages = Stages()
    traced = stages("trace", lambda: program.jitted.trace(*program.arguments, keys[0]))
    lowered = stages("lower", traced.lower)
    compiled = stages("compile", lowered.compile)
    stages("run", lambda: jax.block_until_ready(compiled(*program.arguments, keys[0])))  # type: ignore[no-untyped-call]
    return {
        "status": "measured",
        "first_call": stages.as_json(),
        "prepare_wall_s": prepared,
        "steady": steady(lambda key: compiled(*program.arguments, key), keys[1:]),
        "captured_bytes": captured_bytes(traced.jaxpr),
        "device": device(),
    }


def steady(call: Callable[[Any], Any], keys: list[Any]) -> dict[str, Any]:
    """Wall and processor milliseconds of a frame, once warm."""
    wall_ms, cpu_ms = [], []
    for key in keys:
        wall, cpu = time.perf_counter(), time.process_time()
        jax.block_until_ready(call(key))  # type: ignore[no-untyped-call]
        wall_ms.append((time.perf_counter() - wall) * 1e3)
        cpu_ms.append((time.process_time() - cpu) * 1e3)
    return {"frames": len(keys) - WARM_UP, "wall_ms": spread(wall_ms[WARM_UP:]), "cpu_ms": spread(cpu_ms[WARM_UP:])}


def spread(values: list[float]) -> dict[str, Any]:
    """Median, standard deviation, and the values themselves."""
    deviation = statistics.stdev(values) if len(values) > 1 else 0.0
    return {"median": statistics.median(values), "deviation": deviation, "values": values}


def device() -> dict[str, Any]:
    """What it ran on, and how much of its memory was taken at the height, where it has its own."""
    first = jax.devices()[0]
    peak = (first.memory_stats() or {}).get("peak_bytes_in_use")
    return {
        "jax": jax.__version__,
        "platform": first.platform,
        "kind": first.device_kind,
        "peak_bytes": peak,
    }
