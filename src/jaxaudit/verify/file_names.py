"""Files whose names differ from run to run: `runs/2026-11-21_20-05-11_7de92e/loss.json`, told by what stays of them."""

import re
from collections.abc import Iterable, Mapping
from typing import TypeVar

_CHANGING = re.compile(r"(?<![a-zA-Z])[0-9a-f]*\d[0-9a-f]*(?![a-zA-Z])|\d+|(?<=tmp)[a-z0-9_]{8}(?![a-z0-9_])")
Value = TypeVar("Value")


def mask(part: str) -> str:
    """A folder's or file's name without dates, counts and random digits."""
    return _CHANGING.sub("#", part)


def patterns(one: Iterable[str], other: Iterable[str]) -> frozenset[str]:
    """What the names that only one of two equal runs wrote have in common with their like in the other."""
    left, right = sorted(set(one) - set(other)), sorted(set(other) - set(one))
    found: dict[str, int] = {}
    for name in left:
        alike = [
            (len(same), pattern) for near in right if (pattern := _pattern(name, near)) and (same := _kept(pattern))
        ]
        best = [pattern for count, pattern in alike if count == max(alike)[0]]
        if len(best) == 1:
            found[best[0]] = found.get(best[0], 0) + 1
    return frozenset(pattern for pattern, count in found.items() if count == 1)


def _pattern(one: str, other: str) -> str:
    """`runs/#_#/loss.json`: each part as it is in both, or masked where the masks agree; "" where they do not."""
    parts, others = one.split("/"), other.split("/")
    if len(parts) != len(others):
        return ""
    made = [a if a == b else mask(a) if mask(a) == mask(b) else "" for a, b in zip(parts, others)]
    return "/".join(made) if all(made) else ""


def _kept(pattern: str) -> str:
    """The parts without a masked digit; the whole, where all of them have one."""
    return "".join(part for part in pattern.split("/") if "#" not in part) or "#"


def renamed(outputs: Mapping[str, Value], known: frozenset[str]) -> dict[str, Value]:
    """The outputs, those of changing names under their patterns. Two that meet in one pattern keep their names."""
    if not known:
        return dict(outputs)
    keys = {name: next((one for one in known if _fits(name, one)), name) for name in outputs}
    taken = list(keys.values())
    return {key if taken.count(key) == 1 else name: outputs[name] for name, key in keys.items()}


def _fits(name: str, pattern: str) -> bool:
    parts, wanted = name.split("/"), pattern.split("/")
    return len(parts) == len(wanted) and all(a == b or mask(a) == b for a, b in zip(parts, wanted))
