"""What a run shows of `host-sync-in-loop`: the lines that waited for the device, how often and how long."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from jaxaudit.model import Finding, amounts
from jaxaudit.rules.rule import Rule

if TYPE_CHECKING:
    from jaxaudit.model.evidence import Evidence, SyncSeen
    from jaxaudit.model.spot import Spot


FEW_TURNS = 8
MANY_TURNS = 32
WAITS = ("block_until_ready", "batched_block_until_ready")
TIMED = 0.5
"""How sure we are of a wait that was asked for in so many words: it may be what is being timed."""
NOTICED = 0.01
SHARE = 0.005
"""Seconds of waiting, and their share in the whole run, below which a finding is a note."""


def observe(rule: Rule, evidence: Evidence) -> Iterator[Finding]:
    for sync in evidence.syncs:
        if not in_every_turn(sync):
            continue
        loop = loop_of(sync)
        turn = f"the loop at {loop.path} line {loop.line}" if loop and loop.path != sync.at.path else ""
        turn = turn or (f"the loop at line {loop.line}" if loop else "a loop")
        value = f" of `{sync.value}`" if sync.value else ""
        waited = (
            f"{sync.blocked} times the device was not ready, and the host waited {amounts.seconds(sync.seconds)}"
            if sync.blocked
            else f"{amounts.seconds(sync.seconds)} in all"
        )
        yield rule.seen(
            sync.at,
            f"`{sync.how}`{value} fetches a device value in every turn of {turn} (sync): {sync.count} times, {waited}; "
            "until it has the value, the host can't dispatch the next turn",
            confidence=TIMED if sync.how in WAITS else 0.9,
            facts={
                "call": sync.how,
                "count": sync.count,
                "blocked": sync.blocked,
                "seconds": round(sync.seconds, 4),
                "bytes": sync.bytes,
                "loop_line": loop.line if loop else None,
            },
            notes=[(loop, "the loop")],
            severity="info" if sync.seconds < max(NOTICED, SHARE * evidence.environment.seconds) else None,
        )
    yield from called_back(rule, evidence)


def called_back(rule: Rule, evidence: Evidence) -> Iterator[Finding]:
    """Python functions that a compiled loop calls in every turn."""
    said: set[tuple[str, int]] = set()
    for program in evidence.programs:
        for one in program.callbacks:
            where = (one.at.path, one.at.line)
            if where in said or 0 < one.turns < MANY_TURNS:
                continue
            said.add(where)
            turns = f"in each of the {one.turns:,} turns" if one.turns else "in every turn"
            yield rule.seen(
                one.at._replace(loop=None),
                f"`{program.site.name}` calls the Python function `{one.calls}` (`{one.how}`) {turns} of a compiled `{one.loop}`: each call "
                "leaves the device for the host and back, and the loop waits for it; write it in `jnp`, or call it once outside the loop",
                facts={"function": program.site.name, "call": one.how, "calls": one.calls, "turns": one.turns},
                severity="info" if one.how == "io_callback" else None,
            )  # fmt: skip


def in_every_turn(sync: SyncSeen) -> bool:
    """Again and again from one line; not under `if step % 100 == 0`, there or in a caller, not a handful of times."""
    if sync.count <= FEW_TURNS or sync.count * FEW_TURNS <= sync.calls:
        return False
    if sync.at.loop is not None:
        return not sync.at.loop.now_and_then
    return sync.loop or sync.in_loop_of is not None


def loop_of(sync: SyncSeen) -> Spot | None:
    """The loop whose turns wait: the innermost one that calls jitted functions, where that is known."""
    if sync.at.loop is not None and not sync.calls:
        return sync.at._replace(line=sync.at.loop.line, loop=None)
    return sync.in_loop_of
