"""The table: each variant in a fresh process, as often as it is asked for, where memory allows."""

from __future__ import annotations

import statistics
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from jaxaudit_cases.choices import VARIANTS, Variant, cube_bytes
from jaxaudit_cases.coronagraph.study.child import Died, asked
from jaxaudit_cases.coronagraph.study.memory import available_bytes

ROW = "jaxaudit_cases.coronagraph.study.row"
BASE_BYTES = 700_000_000
"""What Python, JAX and a small scene take, and compiling it."""

Ask = Callable[..., dict[str, Any]]


@dataclass(frozen=True)
class Wanted:
    """What the rows are measured on."""

    folder: Path
    pixels: int
    form: str = "cube"
    frames: int = 20
    repeat: int = 1


def measured_row(
    wanted: Wanted,
    variant: Variant,
    tick: Callable[[], None],
    available: Callable[[], int | None] = available_bytes,
    ask: Ask = asked,
) -> dict[str, Any]:
    """A row, or why there is none: for want of memory, or because its process died."""
    head = {"variant": variant.name, "title": variant.title, "form": variant.form or wanted.form}
    short = lacking(wanted, variant, available())
    if short:
        return {**head, "status": "skipped", "why": short}
    question = {"folder": str(wanted.folder), "variant": variant.name, "form": wanted.form, "frames": wanted.frames}
    runs: list[dict[str, Any]] = []
    for _ in range(wanted.repeat):
        try:
            run = ask(ROW, "measured", question, environment_of(variant), tick)
        except Died as death:
            return {**head, "status": "died", "why": str(death), "runs": runs}
        if run["status"] != "measured":
            return {**head, **run}
        runs.append(run)
    return {**head, "status": "measured", **middle(runs), "runs": runs}


def environment_of(variant: Variant) -> dict[str, str]:
    """The variant's settings; those of the others are switched off, wherever they come from."""
    others = {name: "false" for other in VARIANTS.values() for name in other.environment}
    return {**others, **variant.environment}


def lacking(wanted: Wanted, variant: Variant, available: int | None) -> str:
    """The sentence for a variant that would not fit; empty where it does, or where nobody knows."""
    if available is None:
        return ""
    needed = memory_bytes(wanted, variant)
    if needed <= available:
        return ""
    times = f", {variant.cubes:g} times the cube" if variant.cubes >= 1 and wanted.form == "cube" else ""
    return f"it needs about {needed / 1e9:.1f} GB of memory{times}, and {available / 1e9:.1f} GB are free"


def memory_bytes(wanted: Wanted, variant: Variant) -> int:
    """What a variant takes beside its inputs, roughly."""
    cube = cube_bytes(wanted.pixels) if (variant.form or wanted.form) == "cube" else 0
    return BASE_BYTES + int(variant.cubes * cube)


def middle(runs: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """The run in the middle by its first call, and the spread of those."""
    ordered = sorted(runs, key=lambda run: float(run["first_call"]["wall_s"]["all"]))
    calls = [run["first_call"]["wall_s"]["all"] for run in ordered]
    chosen = {name: value for name, value in ordered[(len(ordered) - 1) // 2].items() if name != "status"}
    spread = {"runs": len(calls), "median": statistics.median(calls), "least": calls[0], "most": calls[-1]}
    return {**chosen, "first_call_s": spread}
