"""Empties the long literals of a big source, because a tree costs 900 bytes for each number of a table.

    TABLE = [1.5, 2.5, ... 10 MB ...]   ->   TABLE = [1.5,                    ]

Only blanks are put in, so that every line and column of the rest keeps its number. Measured: a list of 500,000 numbers
costs the parser 444 MB and 2.3 s; emptied, 0.1 s.
"""

import re

CUT_FROM = 4096
"""Literals shorter than this stay."""

_STRING = (
    rb"'''(?:[^'\\]++|\\.|'(?!''))*+'''"
    rb'|"""(?:[^"\\]++|\\.|"(?!""))*+"""'
    rb"|'(?:[^'\\\r\n]++|\\.)*+'"
    rb'|"(?:[^"\\\r\n]++|\\.)*+"'
)
_COMMENT = rb"#[^\r\n]*+"
_LITERAL_PIECE = (
    rb"[\s,:+\-\[\](){}]++|\d[\w.]*+|\.\d\w*+|(?:[rRbBuU]{1,2}+(?=['\"]))?+(?:" + _STRING + rb")"
    rb"|(?:True|False|None|nan|inf)\b|" + _COMMENT
)
_SCAN = re.compile(_COMMENT + rb"|" + _STRING + rb"|(?P<run>[\[({,](?:" + _LITERAL_PIECE + rb")*+)", re.DOTALL)
_WALK = re.compile(
    rb"(?P<flat>[^\[\](){}'\"#]++)|(?P<small>(?:[\[({][^\[\](){}'\"#]{0,200}+[\])}]\s*+,\s*+)++)|(?P<open>[\[({])"
    rb"|(?P<close>[\])}])|" + _STRING + rb"|" + _COMMENT,
    re.DOTALL,
)
_AFTER_SMALL = re.compile(rb"[\])}]\s*+,")
_OUTSIDE = re.compile(_COMMENT + rb"|(?:(?:" + _STRING + rb")\s*+)++", re.DOTALL)
_NOT_LINE_ENDS = bytes(byte if byte in b"\r\n" else 32 for byte in range(256))


def cut_huge_literals(data: bytes) -> bytes:
    """The same text with the elements after the first one blanked in every literal of 4 kB and more."""
    cuts: list[tuple[int, int]] = []
    position = 0
    while match := _SCAN.search(data, position):
        position = match.end()
        if match["run"] is not None and match.end() - match.start() >= CUT_FROM:
            found, position = _cuts_of_run(data, match.start(), match.end())
            cuts += found
    return _blank(data, cuts) if cuts else data


def words(data: bytes) -> int:
    """How many names, numbers and strings the parser will meet: the measure of what the tree will cost."""
    return sum(1 for _ in re.finditer(rb"\w+", _OUTSIDE.sub(b" s ", data)))


def _cuts_of_run(data: bytes, start: int, end: int) -> tuple[list[tuple[int, int]], int]:
    """What to blank in a run of pure literal text that starts at a bracket or a comma, and where to look on."""
    cuts: list[tuple[int, int]] = []
    commas: list[tuple[int, int]] = [(start, start) if data[start] == ord(",") else (-1, -1)]
    for match in _WALK.finditer(data, start + 1, end):
        kind = match.lastgroup
        if kind == "flat":
            last = data.rfind(b",", match.start(), match.end())
            if last >= 0:
                first = commas[-1][0]
                commas[-1] = (first if first >= 0 else data.find(b",", match.start(), last + 1), last)
        elif kind == "small":
            first = commas[-1][0]
            last = data.rfind(b",", match.start(), match.end())
            commas[-1] = (first if first >= 0 else _end_of_small(data, match.start()) - 1, last)
        elif kind == "open":
            commas.append((-1, -1))
        elif kind == "close":
            first, _ = commas.pop()
            _add(cuts, first, match.start())
            if not commas:
                return cuts, match.end()
    for first, last in commas:
        _add(cuts, first, last + 1)
    return sorted(cuts), end


def _end_of_small(data: bytes, start: int) -> int:
    """Behind the comma that follows a bracketed element without brackets in it."""
    found = _AFTER_SMALL.search(data, start)
    return found.end() if found else start


def _add(cuts: list[tuple[int, int]], comma: int, end: int) -> None:
    """Take in the stretch after a first comma; what was found inside it is part of it."""
    if comma < 0 or end - comma < CUT_FROM:
        return
    while cuts and comma < cuts[-1][0] < end:
        cuts.pop()
    cuts.append((comma + 1, end))


def _blank(data: bytes, cuts: list[tuple[int, int]]) -> bytes:
    pieces = []
    position = 0
    for start, end in cuts:
        if start < position:
            continue
        pieces += [data[position:start], data[start:end].translate(_NOT_LINE_ENDS)]
        position = end
    return b"".join([*pieces, data[position:]])
