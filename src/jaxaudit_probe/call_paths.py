"""The frames that lead to a place, as (code, offset) pairs, innermost first; where two of them part; what is spelled there."""

from __future__ import annotations

import ast
import linecache
import os
import sys
from bisect import bisect_right
from contextlib import suppress
from itertools import islice
from types import CodeType, FrameType
from typing import Any, NamedTuple

from jaxaudit_probe import names, private
from jaxaudit_probe.names import At

Frames = tuple[tuple[CodeType, int], ...]
DEEPEST = 100
OF_ARRAYS = frozenset({"dtype", "copy", "order", "like"})
"""What a call that makes an array of its argument may be told beside it."""


class Meeting(NamedTuple):
    """The function of the user's in which two paths part, and its lines."""

    first: At
    again: At


_paths: dict[tuple[int, ...], Frames] = {}
MOST_PATHS = 20_000


def here(depth: int = 1) -> Frames:
    """The frames of the running thread, without our own; the same object each time for the same path."""
    frame: FrameType | None = sys._getframe(depth)
    mark: list[int] = []
    codes: list[CodeType] = []
    while frame is not None and len(codes) < DEEPEST:
        code = frame.f_code
        mark.append(id(code))
        mark.append(frame.f_lasti)
        codes.append(code)
        frame = frame.f_back
    key = tuple(mark)
    known = _paths.get(key)
    if known is None:
        if len(_paths) > MOST_PATHS:
            _paths.clear()
        pairs = zip(codes, mark[1::2])
        known = _paths[key] = tuple(pair for pair in pairs if not pair[0].co_filename.startswith(names.OURS))
    return known


_lines: dict[int, tuple[CodeType, list[int], list[int | None]]] = {}
"""Where the lines of a code begin, by its `id`: to hash a code is to hash all that it holds."""
MOST_CODES = 5_000


def line_of(code: CodeType, offset: int) -> int:
    known = _lines.get(id(code))
    if known is None:
        if len(_lines) > MOST_CODES:
            _lines.clear()
        table = list(code.co_lines())
        known = _lines[id(code)] = (code, [start for start, _, _ in table], [line for _, _, line in table])
    _, starts, lines = known
    place = bisect_right(starts, offset) - 1
    line = lines[place] if place >= 0 else None
    return line if line is not None else code.co_firstlineno


def at(code: CodeType, offset: int) -> At:
    return At(code.co_filename, line_of(code, offset), getattr(code, "co_qualname", code.co_name))


def users(frames: Frames) -> Frames:
    return tuple(pair for pair in frames if names.is_user(pair[0].co_filename))


def down_to(frames: Frames, source: str) -> Frames:
    """The frames up to the function `source` (`name at file:line`): JAX before 0.10 also keeps those of its first caller."""
    line = _line_in(source)
    found = [i for i, (code, _) in enumerate(frames) if code.co_firstlineno == line and _is_function(code, source)]
    return frames[: found[-1] + 1] if found else frames


def reaches(frames: Frames, source: str) -> bool:
    """Whether the function `source` is among them."""
    line = _line_in(source)
    return any(code.co_firstlineno == line and _is_function(code, source) for code, _ in frames)


def _line_in(source: str) -> int:
    line = source.rpartition(":")[2]
    return int(line) if line.isdecimal() else 0


def _is_function(code: CodeType, source: str) -> bool:
    return source.endswith(f" at {code.co_filename}:{code.co_firstlineno}")


def meeting(one: Frames, other: Frames) -> Meeting | None:
    """Where two uses of one thing part, seen from outside; None where that is a library's or JAX's own business."""
    first, again = _aligned(one[::-1], other[::-1])
    if not first or not again or first[0][0] is not again[0][0]:
        return None  # neither was called by the other's function: branches that were traced apart
    same = 0
    while same < len(first) and same < len(again) and first[same] == again[same]:
        same += 1
    if same < len(first) and same < len(again) and first[same][0] is again[same][0]:
        return _told(first[same], again[same])
    if same == len(first) and same == len(again):
        mine = users(first)
        return _told(mine[-1], mine[-1]) if mine else None
    return _told(first[same - 1], first[same - 1])


def _told(one: tuple[CodeType, int], other: tuple[CodeType, int]) -> Meeting | None:
    return Meeting(at(*one), at(*other)) if names.is_user(one[0].co_filename) else None


def _aligned(one: Frames, other: Frames) -> tuple[Frames, Frames]:
    """Deep stacks are cut off outside: begin where both have the same function."""
    if len(one) < DEEPEST and len(other) < DEEPEST:
        return one, other
    codes = {id(pair[0]): i for i, pair in reversed(list(enumerate(other)))}
    for i, pair in enumerate(one):
        if id(pair[0]) in codes:
            return one[i:], other[codes[id(pair[0])] :]
    return one, other


def is_loop_of(code: CodeType, offset: int) -> int | None:
    """The first line of the innermost loop of this function around an instruction; None outside loops."""
    around = loops_around(code, offset)
    return head_of(code, around[0]) if around else None


def head_of(code: CodeType, loop: tuple[int, int]) -> int:
    """The line of its `for` or `while`: the test of a `while` may stand at the end of the loop."""
    lines = {
        line for start, stop, line in code.co_lines() for offset in loop if start <= offset < stop and line is not None
    }
    return min(lines, default=code.co_firstlineno)  # a jump back may belong to no line


def heads_around(code: CodeType, offset: int) -> list[int]:
    """The lines of the loops of this function around an instruction, the innermost first."""
    known = _heads.get((code, offset))
    if known is None:
        if len(_heads) > 20_000:
            _heads.clear()
        known = _heads[code, offset] = list(dict.fromkeys(head_of(code, loop) for loop in loops_around(code, offset)))
    return known


def loops_around(code: CodeType, offset: int) -> list[tuple[int, int]]:
    """(first, last) offsets of each loop of this function around an instruction, the innermost first."""
    found = [loop for loop in _loops(code) if loop[0] <= offset <= loop[1]]
    return sorted(found, key=lambda loop: loop[1] - loop[0])


_heads: dict[tuple[CodeType, int], list[int]] = {}
_found: dict[CodeType, list[tuple[int, int]]] = {}


def _loops(code: CodeType) -> list[tuple[int, int]]:
    """(first, last) offsets of each jump back: what lies between is run again and again."""
    known = _found.get(code)
    if known is None:
        import dis

        if len(_found) > 2000:
            _found.clear()
        last: dict[int, int] = {}  # `continue` jumps back as well
        tried: dict[int, int] = {}
        tries, end = _tries(code)
        for step in dis.get_instructions(code):
            if "JUMP" not in step.opname or not isinstance(step.argval, int) or step.argval >= step.offset:
                continue
            if step.offset < end or step.argval >= end:
                last[step.argval] = max(step.offset, last.get(step.argval, 0))
                continue
            start, stop = _tried(tries, end, step.offset)  # a handler goes back to the loop, or on behind the `try`
            if step.argval <= start:
                tried[step.argval] = max(stop, tried.get(step.argval, 0))
        known = _found[code] = list({**tried, **last}.items())
    return known


HANDLERS_LAST: bool = sys.version_info >= (3, 12)
Tries = list[tuple[int, int, int]]
"""(handler, first, last) of what each handler is for."""


def _tries(code: CodeType) -> tuple[Tries, int]:
    """The handlers, and where they begin: from Python 3.12 on behind all else."""
    import dis

    if not HANDLERS_LAST or not code.co_exceptiontable:
        return [], 1 << 40
    entries: Any = getattr(dis.Bytecode(code), "exception_entries", ())
    found = sorted((one.target, one.start, one.end) for one in entries)
    return found, found[0][0] if found else 1 << 40


def _tried(tries: Tries, handlers: int, offset: int) -> tuple[int, int]:
    """First and last of what the handler at this place is for, in the end outside of all handlers."""
    stop = 0
    while offset >= handlers:
        target = max(one[0] for one in tries if one[0] <= offset)
        ranges = [one for one in tries if one[0] == target]
        first = min(one[1] for one in ranges)
        if first >= offset:
            break
        offset, stop = first, max(one[2] for one in ranges)
    return offset, stop


def repeats(first: Frames, again: Frames, met: Meeting) -> bool:
    """Whether one function was run twice from the module itself, and took the key from where it takes it each time."""
    one, other = users(first), users(again)
    inside = 0
    while inside < min(len(one), len(other)) and one[inside] == other[inside]:
        inside += 1
    if not inside or inside >= min(len(one), len(other)) or met.first.function != "<module>":
        return False
    outside = one[inside], other[inside]
    return at(*outside[0]) == met.first and not any(_hands_a_key(call_at(*pair)) for pair in outside)


def _hands_a_key(call: ast.Call | None) -> bool:
    if call is None:
        return True  # nobody knows
    given = [*call.args, *(keyword.value for keyword in call.keywords)]
    names_of = [keyword.arg or "" for keyword in call.keywords] + [ast.unparse(one) for one in given]
    return any(part in name.lower() for name in names_of for part in ("key", "rng", "seed"))


_KEYWORDS = ("key", "rng", "rng_key", "prng_key", "rngs", "random_key", "seed")


def spelled_key(frames: Frames, argument: str = "", position: int | None = None) -> str:
    """How the key is written in the user's innermost call: `keys[0]`, `self.key`; "" where that cannot be told.

    `argument` and `position` say which argument it is; without them it is the first one of a function of `jax.random`.
    """
    i = next((i for i, (code, _) in enumerate(frames) if names.is_user(code.co_filename)), None)
    call = call_at(*frames[i]) if i is not None else None
    if i is None or call is None:
        return ""
    named = {keyword.arg: keyword.value for keyword in call.keywords if keyword.arg}
    if argument in named:
        return ast.unparse(named[argument])
    if position is not None and not any(isinstance(one, ast.Starred) for one in call.args):
        return ast.unparse(call.args[position]) if position < len(call.args) else ""
    for word in _KEYWORDS:
        if word in named:
            return ast.unparse(named[word])
    for one in (*call.args, *named.values()):
        text = ast.unparse(one)
        if any(part in text.lower() for part in ("key", "rng")) and len(text) < 60:
            return text
    drawn_here = i > 0 and os.sep + "random" in frames[i - 1][0].co_filename and is_own(frames[i - 1][0].co_filename)
    return ast.unparse(call.args[0])[:60] if call.args and drawn_here else ""


def call_at(code: CodeType, offset: int) -> ast.Call | None:
    """The call in the source that an instruction belongs to."""
    tree = expression_at(code, offset)
    return tree if isinstance(tree, ast.Call) else None


def expression_at(code: CodeType, offset: int) -> ast.expr | None:
    text = _text_at(code, offset)
    try:
        return ast.parse(f"({text})", mode="eval").body if text else None
    except (SyntaxError, ValueError):
        return None


def call_converted(frame: FrameType | None) -> str:
    """`load_grid()` in the running `jnp.asarray(load_grid())`; "" for anything else."""
    read = expression_at(frame.f_code, frame.f_lasti) if frame is not None else None
    inner = read.args[0] if isinstance(read, ast.Call) and read.args else None
    return ast.unparse(inner)[:60] if isinstance(inner, ast.Call) else ""


def value_read(code: CodeType, offset: int, how: str = "") -> str:
    """What is read, as the user wrote it: `loss` in `float(loss)` and in `loss.item()`, `done(state)` in `while not done(state)`."""
    read = tested_at(code, offset) if how == "bool" else expression_at(code, offset)
    is_test = how == "bool" and not (isinstance(read, ast.Call) and ast.unparse(read.func).endswith("bool"))
    if isinstance(read, ast.Call) and not is_test:
        if isinstance(read.func, ast.Attribute) and not read.args:
            read = read.func.value
        elif len(read.args) == 1 and {one.arg for one in read.keywords} <= OF_ARRAYS:
            read = read.args[0]
        else:
            return ""
    return ast.unparse(read)[:60] if read is not None else ""


def tested_at(code: CodeType, offset: int) -> ast.expr | None:
    """The expression whose truth is asked for. Up to Python 3.11 the instruction stands for the whole statement."""
    read = expression_at(code, offset)
    if read is None:
        head = _text_at(code, offset).partition("\n")[0].removeprefix("el").rstrip()
        with suppress(SyntaxError, ValueError, IndexError):
            [statement] = ast.parse(head + " pass" if head.endswith(":") else head).body
            read = getattr(statement, "test", None)
    if isinstance(read, ast.IfExp):
        read = read.test
    while isinstance(read, ast.UnaryOp) and isinstance(read.op, ast.Not):
        read = read.operand
    return read


def _text_at(code: CodeType, offset: int) -> str:
    """The source of the expression that an instruction comes from (Python 3.11 and newer)."""
    positions = getattr(code, "co_positions", None)
    if positions is None:
        return linecache.getline(code.co_filename, line_of(code, offset)).strip().rpartition("= ")[2]
    line, last, column, end = next(islice(positions(), offset // 2, None), (None,) * 4)
    if line is None or last is None or column is None or end is None:
        return ""
    lines = [text.encode() for text in linecache.getlines(code.co_filename)[line - 1 : last]]
    if not lines:
        return ""
    lines[-1] = lines[-1][:end]
    lines[0] = lines[0][column:]
    return b"".join(lines).decode(errors="replace")


def is_own(path: str) -> bool:
    """Whether a file is JAX's own."""
    return path.startswith(private.PACKAGE + os.sep)


def library_between(depth: int) -> str:
    """The file of the installed library, not JAX's, that stands between the user's innermost line and JAX; "" for none."""
    frame: FrameType | None = sys._getframe(depth)
    while frame is not None and not names.is_user(frame.f_code.co_filename):
        file = frame.f_code.co_filename
        if names.is_installed(file) and not (is_own(file) or file.startswith(names.HERE)):
            return file
        frame = frame.f_back
    return ""


def is_callback(file: str) -> bool:
    """Whether a file of JAX's runs functions of the user's on the host, from within a program."""
    return is_own(file) and os.path.basename(file) in ("callback.py", "debugging.py")
