"""What a function's code names outside itself, read off its instructions: `SCALE`, `self.gain`, `settings["rate"]`, with
what it does with it; and which of its instructions surely ran, given some that did.
"""

from __future__ import annotations

import dis
from bisect import bisect_right
from collections.abc import Iterable
from itertools import pairwise
from types import CodeType
from typing import NamedTuple

MUTATORS = frozenset(
    {"append", "extend", "insert", "add", "update", "pop", "popitem", "remove", "discard", "clear", "setdefault", "appendleft"}
)  # fmt: skip
MOST_CODES = 4000


class Use(NamedTuple):
    """One chain of names: `root` is "global", "cell" or "first" (the first parameter)."""

    root: str
    name: str
    steps: tuple[str, ...]
    offset: int
    writes: bool = False

    def __str__(self) -> str:
        return self.name + "".join(step if step.startswith("[") else f".{step}" for step in self.steps)


class Code(NamedTuple):
    uses: tuple[Use, ...]
    stores_items: bool
    leaders: tuple[int, ...]
    followers: dict[int, frozenset[int]]
    """From one stretch of instructions to those that can come next, by their first offsets."""

    def ran(self, offsets: Iterable[int]) -> frozenset[int]:
        """The stretches that surely ran: those of these offsets, the first one, and what they lead to or come from."""
        sure = {self.stretch(offset) for offset in offsets} | {0}
        before: dict[int, set[int]] = {}
        for one, others in self.followers.items():
            for other in others:
                before.setdefault(other, set()).add(one)
        waiting = list(sure)
        while waiting:
            one = waiting.pop()
            for near in (self.followers.get(one, frozenset()), before.get(one, set())):
                if len(near) == 1 and not near <= sure:
                    sure |= near
                    waiting += near
        return frozenset(sure)

    def stretch(self, offset: int) -> int:
        return self.leaders[bisect_right(self.leaders, offset) - 1]


_known: dict[CodeType, Code] = {}


def read(code: CodeType) -> Code:
    known = _known.get(code)
    if known is None:
        if len(_known) > MOST_CODES:
            _known.clear()
        steps = list(dis.get_instructions(code))
        leaders, followers = _stretches(steps)
        stores = any(step.opname == "STORE_SUBSCR" for step in steps)
        known = _known[code] = Code(tuple(_uses(code, steps)), stores, leaders, followers)
    return known


def _uses(code: CodeType, steps: list[dis.Instruction]) -> list[Use]:
    found: list[Use] = []
    stored = {step.argval for step in steps if step.opname == "STORE_ATTR"}
    i = 0
    while i < len(steps):
        root = _root(code, steps[i])
        offset = steps[i].offset
        i += 1
        if root is None:
            continue
        kind, name, writes = root
        chain: list[str] = []
        while not writes and i < len(steps):
            step = steps[i]
            if step.opname in ("LOAD_ATTR", "LOAD_METHOD"):
                chain.append(str(step.argval))
            elif step.opname == "LOAD_CONST" and i + 1 < len(steps) and _is_item(steps[i + 1]):
                if not isinstance(step.argval, (str, int)):
                    break
                chain.append(f"[{step.argval!r}]")
                i += 1
            elif step.opname == "STORE_ATTR":
                chain.append(str(step.argval))
                writes = True
            elif step.opname not in ("COPY", "DUP_TOP"):
                break
            i += 1
        if chain and chain[-1] in MUTATORS:
            chain, writes = chain[:-1], True
        found.append(Use(kind, name, tuple(chain), offset, writes or bool(chain and chain[-1] in stored)))
    return found


def _is_item(step: dis.Instruction) -> bool:
    return step.opname == "BINARY_SUBSCR" or (step.opname == "BINARY_OP" and step.argrepr == "[]")


def _root(code: CodeType, step: dis.Instruction) -> tuple[str, str, bool] | None:
    name, value = step.opname, step.argval
    if name in ("LOAD_GLOBAL", "STORE_GLOBAL"):
        return "global", str(value), name == "STORE_GLOBAL"
    if name in ("LOAD_DEREF", "STORE_DEREF", "LOAD_CLASSDEREF") and value in code.co_freevars:
        return "cell", str(value), name == "STORE_DEREF"
    if name.startswith("LOAD_FAST") and code.co_argcount:
        last = value[-1] if isinstance(value, tuple) else value
        if last == code.co_varnames[0]:
            return "first", str(last), False
    return None


def _stretches(steps: list[dis.Instruction]) -> tuple[tuple[int, ...], dict[int, frozenset[int]]]:
    """Where straight runs of instructions begin, and which can follow which."""
    starts = {0}
    for here, after in pairwise(steps):
        if _target(here) is not None or _ends(here):
            starts.add(after.offset)
        target = _target(here)
        if target is not None:
            starts.add(target)
    leaders = tuple(sorted(starts))
    followers: dict[int, frozenset[int]] = {}
    for number, here in enumerate(steps):
        follower = steps[number + 1].offset if number + 1 < len(steps) else None
        if follower is not None and follower not in starts:
            continue
        first = leaders[bisect_right(leaders, here.offset) - 1]
        nexts = set()
        target = _target(here)
        if target is not None:
            nexts.add(target)
        if follower is not None and not _ends(here) and not _always_jumps(here):
            nexts.add(follower)
        followers[first] = frozenset(nexts)
    return leaders, followers


def _target(step: dis.Instruction) -> int | None:
    jumps = "JUMP" in step.opname or step.opname in ("FOR_ITER", "SEND")
    return step.argval if jumps and isinstance(step.argval, int) else None


def _always_jumps(step: dis.Instruction) -> bool:
    return step.opname.startswith("JUMP_") and "_IF_" not in step.opname and "OR_POP" not in step.opname


def _ends(step: dis.Instruction) -> bool:
    return step.opname.startswith("RETURN_VALUE") or step.opname in ("RETURN_CONST", "RAISE_VARARGS", "RERAISE")
