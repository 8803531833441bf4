"""What a program said and wrote, compared with what it said and wrote before: equal, moved by rounding, or different."""

import fnmatch
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from jaxaudit.verify.arrays import relative_difference
from jaxaudit.verify.file_names import patterns, renamed
from jaxaudit.verify.running import Ran
from jaxaudit.verify.tokens import distance, tokens, unstable_positions
from jaxaudit.verify.values import Place, compare_values

IGNORED = ("*.pyc", "*.lock", "*/__pycache__/*")
WITHIN = 1e-5
"""Relative difference up to which rounding is taken for granted."""
_WARNED = re.compile(r"^.*(?:Warning|WARNING|warnings\.warn).*$|^[IWE]\d{4} .*$", re.M)

_ALARM = "slow_operation_alarm.cc"
_ALARMED = re.compile(
    r"^(?:.*slow_operation_alarm\.cc:\d+\].*|Constant folding an instruction is taking >.*|  %[\w.-]+ = .*"
    r"|This isn't necessarily a bug; constant-folding.*|If you'd like to file a bug, run with envvar XLA_FLAGS.*"
    r"|\*{20,}|\[Compiling module .*\].*)(?:\n|\Z)",
    re.M,
)
"""XLA's words on a compilation that takes long, over several lines that threads may mix: the change that cures it silences them."""
_FRAMES = re.compile(r'^ +File "[^"\n]*", line \d+.*\n(?:^ {4,}.*(?:\n|$))*', re.M)
"""The frames of a traceback: a change may move their lines."""


@dataclass(frozen=True, slots=True)
class Difference:
    """How far the outputs are apart: `relative` is the largest difference of numbers that rounding may explain."""

    other: str = ""
    """A difference that no rounding explains, in words."""
    relative: float = 0.0
    rounded: bool = False
    first: str = ""

    @property
    def none(self) -> bool:
        return not self.other and not self.relative and not self.rounded


@dataclass(frozen=True, slots=True)
class Stable:
    """What two runs of the unchanged program agree on: all that later runs are compared on."""

    unstable: Mapping[str, frozenset[int] | None] = field(default_factory=dict)
    """By output: positions of tokens that differ by themselves; None where the whole output does."""
    values: frozenset[Place] = frozenset()
    """Arrays that functions returned and that differ by themselves."""
    names: frozenset[str] = frozenset()
    """Patterns of the names of files that are called otherwise in each run."""

    def joined(self, other: "Stable") -> "Stable":
        """Where two comparisons of the unchanged program agree."""
        names = {*self.unstable, *other.unstable}
        both = {name: _either(self.unstable.get(name, _NOTHING), other.unstable.get(name, _NOTHING)) for name in names}
        return Stable(both, self.values | other.values, self.names | other.names)

    @property
    def words(self) -> str:
        """What is not compared, for a reader."""
        whole = [name for name, positions in self.unstable.items() if positions is None]
        parts = [name for name, positions in self.unstable.items() if positions]
        said = [*(f"{name} (it differs from run to run)" for name in whole)]
        said += [f"parts of {name} that differ from run to run" for name in parts]
        return "; ".join(said)


_NOTHING: frozenset[int] = frozenset()


def _either(one: frozenset[int] | None, other: frozenset[int] | None) -> frozenset[int] | None:
    return None if one is None or other is None else one | other


def learn(one: Ran, other: Ran) -> Stable:
    """What differs between two runs of the same program."""
    unstable: dict[str, frozenset[int] | None] = {}
    before, after = outputs(one), outputs(other)
    names = patterns(before, after)
    before, after = renamed(before, names), renamed(after, names)
    for name in sorted({*before, *after}):
        a, b = before.get(name), after.get(name)
        if a == b:
            continue
        if a is None or b is None:
            unstable[name] = None
        elif (x := _text(a)) is not None and (y := _text(b)) is not None:
            unstable[name] = unstable_positions(tokens(x), tokens(y))
        else:
            unstable[name] = None
    moved = compare_values(one.results, other.results).moved
    return Stable(unstable, frozenset(one.place for one in moved if not one.within), names)


def compare(before: Ran, after: Ran, stable: Stable) -> Difference:
    """The difference of two runs, where the program is stable at all."""
    if before.code != after.code:
        return Difference(f"exit code {before.code} -> {after.code}")
    said, says = renamed(outputs(before), stable.names), renamed(outputs(after), stable.names)
    found = [_compared(name, a, b, stable) for name, a, b in _pairs(said, says)]
    other = next((one for one in found if one.other), None)
    if other is not None:
        return other
    return max(found, key=lambda one: (one.relative, one.rounded), default=Difference())


def compared_on(ran: Ran, stable: Stable) -> tuple[str, ...]:
    """The outputs that can be compared: what is left when nothing is, can't be judged."""
    return tuple(
        name
        for name, data in renamed(outputs(ran), stable.names).items()
        if data and stable.unstable.get(name, frozenset()) is not None
    )


def outputs(ran: Ran) -> dict[str, bytes | None]:
    """Everything a reader of the run gets: what it printed and wrote."""
    named: dict[str, bytes | None] = {"standard output": ran.stdout.encode()}
    said = _ALARMED.sub("", ran.stderr) if _ALARM in ran.stderr else ran.stderr
    named["standard error"] = _FRAMES.sub("", _WARNED.sub("", said)).encode()
    return named | {path: data for path, data in ran.wrote.items() if not _ignored(path)}


def _ignored(path: str) -> bool:
    return any(fnmatch.fnmatch(path, pattern) for pattern in IGNORED)


def _pairs(
    before: Mapping[str, bytes | None], after: Mapping[str, bytes | None]
) -> Iterator[tuple[str, bytes | None, bytes | None]]:
    for name in dict.fromkeys([*before, *after]):
        yield name, before.get(name), after.get(name)


def _compared(name: str, a: bytes | None, b: bytes | None, stable: Stable) -> Difference:
    unstable = stable.unstable.get(name, frozenset())
    if a == b or unstable is None:
        return Difference()
    if a is None or b is None:
        return Difference(f"{name} is {'new' if a is None else 'not written'}")
    moved = relative_difference(a, b)
    if moved is not None:
        return Difference(relative=moved, first=f"{name}: numbers moved by {moved:.1e} of their peak")
    x, y = _text(a), _text(b)
    if x is None or y is None:
        return Difference(f"{name} holds other bytes")
    apart = distance(tokens(x), tokens(y), unstable)
    if not apart.same_words:
        return Difference(f"{name}: {apart.first}")
    return Difference(
        relative=apart.relative, rounded=apart.rounded, first=f"{name}: {apart.first}" if apart.first else ""
    )


def _text(data: bytes) -> str | None:
    if b"\0" in data[:8192]:
        return None
    try:
        return data.decode()
    except UnicodeDecodeError:
        return None
