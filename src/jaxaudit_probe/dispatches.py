"""Small programs outside jit: about how many ran, from which loops of the user's, and what that took.

JAX's hook tells of each of them while it is in; now and then the frames are looked at, and the processor's time until the next.
"""

from __future__ import annotations

import time
from threading import get_ident
from types import CodeType
from typing import Any, NamedTuple

from jaxaudit_probe import call_paths
from jaxaudit_probe.audience import Audience

LEAST = 500
"""Dispatches of a loop below which nobody is told."""
MOST_WAYS = 20_000
"""Ways that lead to small programs; where there are more, the lighter half is forgotten."""
MOST = 200
"""Loops that are told, those with the most first."""
FEW = 16
"""Turns of an inner loop for each turn of the outer one, up to which it counts as part of that one's turn."""
LONGEST = 0.05
"""Seconds of the processor between two dispatches above which the program did something else."""
DEEPEST = 4
"""Functions of the user's that are told of a call, the outermost ones."""
PART = 0.2
"""Of what a call runs, from which on a function counts: of a gradient, only the way there goes through the user's."""
CALLS = 6
LEAST_SHARE = 0.1
"""Calls of a turn that are told, those that dispatch the most, and what each must do of it."""
COMPREHENSIONS = ("<listcomp>", "<genexpr>", "<dictcomp>", "<setcomp>")
LAYERS = ("/flax/linen/", "/haiku/_src/")
"""Where libraries lie that call the user's layers."""
LOOK_UNITS = 2

now = time.thread_time
"""Of this thread alone: what it waits for the device is not the way there."""
Loop = tuple[CodeType, int]
"""A function, and the line of its `for` or `while`."""


class Sampled:
    """What was seen of one way to a dispatch."""

    __slots__ = ("a_second", "name", "recent", "seconds", "times", "weight")

    def __init__(self, name: str) -> None:
        self.name = name
        self.times = 0
        self.seconds = 0.0
        self.recent = 0.0
        """Dispatches that the looks since the hook went in stand for."""
        self.weight = 0.0
        """And those before."""
        self.a_second = 0.0
        """When the hook was in last."""


class Turn(NamedTuple):
    """One dispatch within a loop: how often, how long, and the user's functions between the loop and it."""

    sampled: Sampled
    offset: int
    through: call_paths.Frames


class Dispatches:
    def __init__(self) -> None:
        self.ways: dict[tuple[call_paths.Frames, str], Sampled] = {}
        self.gap = 1
        self.due = 1
        self.random = 7
        self.awaited: Sampled | None = None
        self.looked_at = 0.0
        self.thread = 0
        self.told: set[tuple[str, int]] = set()
        self.loops: dict[call_paths.Frames, tuple[call_paths.Frames, list[tuple[Loop, int]]]] = {}

    def seen(self, name: str, depth: int) -> int:
        """One more; says how many units of the credit that took."""
        awaited, self.awaited = self.awaited, None
        if awaited is not None and self.thread == get_ident():
            passed = now() - self.looked_at
            if passed < LONGEST:
                awaited.seconds += passed
                awaited.times += 1
        self.due -= 1
        if self.due > 0:  # below nothing where several threads count
            return 0
        frames = call_paths.here(depth + 1)
        sampled = self.ways.get((frames, name))
        if sampled is None:
            if len(self.ways) >= MOST_WAYS:
                self.shed()
            sampled = self.ways[frames, name] = Sampled(name)
        sampled.recent += self.gap
        self.random = (self.random * 5 + 3) & 63  # every gap from 1 to 64 once, so that no loop keeps step with it
        self.gap = self.due = self.random + 1
        self.awaited, self.thread, self.looked_at = sampled, get_ident(), now()
        return LOOK_UNITS

    def settle(self, seconds: float, unseen: float) -> None:
        """The hook went out after these seconds, and was out so long before: dispatches came then as before and after."""
        self.awaited = None
        for sampled in list(self.ways.values()):
            rate = sampled.recent / seconds
            sampled.weight += sampled.recent + unseen * (sampled.a_second + rate) / 2
            sampled.a_second, sampled.recent = rate, 0.0

    def shed(self) -> None:
        """The lighter half goes, in a process that has come by many ways: what runs in a loop is among the heavier, or comes again."""
        ways = list(self.ways.items())
        ways.sort(key=lambda way: way[1].weight + way[1].recent)
        for way, _ in ways[: len(ways) // 2]:
            self.ways.pop(way, None)
        self.loops.clear()

    def forget_rates(self) -> None:
        """What came before says nothing of what comes."""
        for sampled in list(self.ways.values()):
            sampled.a_second = 0.0

    def counts(self, seconds: float, unseen: float, since: float) -> dict[Sampled, float]:
        """About how many there were of each way, were the hook to go out now; or as it is out `since` so many seconds."""
        return {
            one: one.weight + one.recent + unseen * (one.a_second + one.recent / seconds) / 2 + one.a_second * since
            for one in list(self.ways.values())
        }

    def tell(self, writer: Audience, seconds: float, unseen: float, since: float) -> None:
        """Effect: the loops are written down; those that were, and turned out to belong to others, with nothing."""
        counts = self.counts(seconds, unseen, since)
        before = writer.since("dispatches", counts)
        if before is not None:  # a listener that came later is told of what came after it
            counts = {
                one: count - before.get(one, 0.0) for one, count in counts.items() if count > before.get(one, 0.0)
            }
        rows = {(row["path"], row["line"]): row for row in self.rows(counts)}
        if before is not None:
            for row in rows.values():
                writer.put("dispatches", **row)
            return
        for path, line in self.told.difference(rows):
            writer.put("dispatches", path=path, line=line, count=0)
        for row in rows.values():
            writer.put("dispatches", **row)
        self.told = set(rows)

    def loops_of(self, frames: call_paths.Frames) -> tuple[call_paths.Frames, list[tuple[Loop, int]]]:
        """The user's frames of a way, and the loops around it, the innermost first, each with the number of its frame."""
        known = self.loops.get(frames)
        if known is None:
            mine = call_paths.users(frames)
            layers = of_layers(frames, mine)
            found = [
                ((pair[0], line), i)
                for i, pair in enumerate(mine)
                if i not in layers
                for line in call_paths.heads_around(*pair)
            ]
            known = self.loops[frames] = (mine, found)
        return known

    def rows(self, counts: dict[Sampled, float]) -> list[dict[str, Any]]:
        """One for each loop whose turns are the work: of nested ones the inner, unless it has few turns."""
        once: dict[Loop, list[float]] = {}
        ways = [(frames, sampled) for (frames, _), sampled in list(self.ways.items()) if sampled in counts]
        for frames, sampled in ways:
            for loop, _ in self.loops_of(frames)[1][:1]:  # what no loop further in repeats runs once a turn
                once.setdefault(loop, []).append(counts[sampled])
        turns = {loop: sorted(some)[len(some) // 2] for loop, some in once.items()}
        held: dict[Loop, list[Turn]] = {}
        for frames, sampled in ways:
            mine, loops = self.loops_of(frames)
            best: tuple[Loop, int] | None = None
            for loop, i in loops:
                if best is None or (loop in turns and turns.get(best[0], 0.0) <= FEW * turns[loop]):
                    best = loop, i
            if best is not None:
                held.setdefault(best[0], []).append(Turn(sampled, mine[best[1]][1], within(mine, best[1])))
        sums = {loop: sum(counts[one.sampled] for one in seen) for loop, seen in held.items()}
        most = sorted((loop for loop in held if sums[loop] >= LEAST), key=lambda loop: -sums[loop])[:MOST]
        return [row_of(loop, held[loop], turns.get(loop, 0.0), counts) for loop in most]

    def forked(self) -> None:
        self.ways.clear()
        self.loops.clear()


def of_layers(frames: call_paths.Frames, mine: call_paths.Frames) -> set[int]:
    """The user's frames that a library of layers calls: a loop over layers is jitted with the whole of them, not by turns."""
    found: set[int] = set()
    i = -1
    for code, _ in frames:
        if i + 1 < len(mine) and code is mine[i + 1][0]:
            i += 1
        elif i >= 0 and any(folder in code.co_filename for folder in LAYERS):
            found.add(i)
    return found


def within(mine: call_paths.Frames, i: int) -> call_paths.Frames:
    """The user's functions that frame `i` runs on the way, the outermost first."""
    return tuple(pair for pair in mine[:i][::-1] if not pair[0].co_name.endswith(COMPREHENSIONS))


def row_of(loop: Loop, seen: list[Turn], turns: float, counts: dict[Sampled, float]) -> dict[str, Any]:
    code, line = loop
    count = sum(counts[one.sampled] for one in seen)
    lines: dict[int, list[Turn]] = {}
    operations: dict[str, float] = {}
    seconds = 0.0
    for one in seen:
        sampled = one.sampled
        lines.setdefault(one.offset, []).append(one)
        operations[sampled.name] = operations.get(sampled.name, 0.0) + counts[sampled]
        if sampled.times:
            seconds += counts[sampled] * sampled.seconds / sampled.times
    shares = {offset: sum(counts[one.sampled] for one in some) / count for offset, some in lines.items()}
    most = sorted(lines, key=lambda offset: -shares[offset])[:CALLS]
    calls = [call_of(code, offset, lines[offset], shares[offset], counts) for offset in most]
    return {
        "path": code.co_filename, "line": line, "function": getattr(code, "co_qualname", code.co_name),
        "count": round(count), "turns": round(turns), "seconds": round(seconds, 4),
        "operations": sorted(operations, key=lambda name: -operations[name])[:8],
        "calls": [one for one in calls if one["share"] >= LEAST_SHARE],
    }  # fmt: skip


def call_of(
    code: CodeType, offset: int, seen: list[Turn], share: float, counts: dict[Sampled, float], depth: int = 0
) -> dict[str, Any]:
    """One call, or one operation, of a turn; with the function of the user's that it runs, and the calls in that one."""
    row: dict[str, Any] = {
        "line": call_paths.line_of(code, offset), "share": round(share, 3),
        "text": unparsed(call_paths.call_at(code, offset)),
    }  # fmt: skip
    inside = runs(seen, counts, depth) if depth < DEEPEST else None
    if inside is not None:
        row["runs"] = inside
    return row


def unparsed(call: Any) -> str:
    import ast

    return ast.unparse(call)[:60] if call is not None else ""


def runs(seen: list[Turn], counts: dict[Sampled, float], depth: int) -> dict[str, Any] | None:
    """The user's function that these dispatches go through next, and its calls that dispatch the most."""
    whole = sum(counts[one.sampled] for one in seen)
    weights: dict[CodeType, float] = {}
    for one in seen:
        if len(one.through) > depth:
            code = one.through[depth][0]
            weights[code] = weights.get(code, 0.0) + counts[one.sampled]
    most = max(weights, key=lambda code: weights[code], default=None)
    if most is None or weights[most] < PART * whole:
        return None
    offsets: dict[int, list[Turn]] = {}
    for one in seen:
        if len(one.through) > depth and one.through[depth][0] is most:
            offsets.setdefault(one.through[depth][1], []).append(one)
    shares = {offset: sum(counts[one.sampled] for one in some) / weights[most] for offset, some in offsets.items()}
    top = sorted(shares, key=lambda offset: -shares[offset])[:CALLS]
    calls = [call_of(most, offset, offsets[offset], shares[offset], counts, depth + 1) for offset in top]
    return {
        "path": most.co_filename, "line": most.co_firstlineno, "function": getattr(most, "co_qualname", most.co_name),
        "calls": [one for one in calls if one["share"] >= LEAST_SHARE],
    }  # fmt: skip


def is_single(site: Any) -> bool:
    """Whether a jitted function is one of JAX's own: an operation outside jit."""
    return bool(site.wrapper == "eager" or call_paths.is_own(site.path))
