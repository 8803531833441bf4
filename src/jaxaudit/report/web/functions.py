"""Every function in a table that sorts, filters, and opens to all of its compiles, with their causes and leaves.

The compiles come as data that the page's script makes rows of when a function is opened: thousands of them cost nothing
until then. Strings are kept once each, and never become markup.
"""

import json
from collections.abc import Iterator
from typing import Any

from jaxaudit.model import amounts
from jaxaudit.report import run_words
from jaxaudit.report.counts import Document, Entry, number
from jaxaudit.report.places import line_of
from jaxaudit.report.web.marks import code, place, section, short, text
from jaxaudit.report.web.timeline import seconds

MOST = 600
"""Functions; the user's own come first."""
ROOM = 1_500_000
"""Bytes for the table and its data, where nobody says how many are left."""
LONGEST = 240
STAGES = ("trace_s", "lower_s", "compile_s")
HEADS = ("function", "calls", "traces", "compiles", "trace", "lower", "XLA", "captured")


def functions(document: Document, room: int = ROOM) -> Iterator[str]:
    """In about so many bytes: what has no room is counted."""
    if document["kind"] == "check":
        yield from _inventory(document)
        return
    every = sorted(document["functions"], key=lambda one: (one["library"] is not None, -seconds(one), -one["compiles"]))
    if not every:
        return
    shown = every[:MOST]
    mine = sum(one["library"] is None for one in shown)
    yield section("functions", "Functions", f"{mine} of yours, {len(every)} in all")
    yield (
        '<div class="controls"><label>Filter <input type="search" id="filter" placeholder="name, file, leaf or cause" '
        'autocomplete="off"></label> <label><input type="checkbox" id="again"> compiled again</label> '
        f'<label><input type="checkbox" id="libraries"{"" if mine else " checked"}> libraries too</label> '
        '<output id="shown" aria-live="polite"></output></div>'
    )
    yield "<noscript><p>Sorting, filtering and opening need JavaScript.</p></noscript>"
    heads = "".join(f'<th scope="col" aria-sort="none"><button type="button">{name}</button></th>' for name in HEADS)
    yield f'<div class="wide"><table id="function-table" class="sizes"><thead><tr>{heads}</tr></thead>'
    rows = [_row(index, one) for index, one in enumerate(shown)]
    yield from rows
    yield "</table></div>"
    yield from _left_out(len(every))
    data = _data(document, shown, room - sum(len(row.encode()) for row in rows))
    if data["left"]:
        yield f"<p>The page holds {data['held']} of {data['held'] + data['left']} compiles; the JSON document holds all.</p>"
    yield f'<script type="application/json" id="compiles">{_harmless(data)}</script></section>'


def _row(index: int, one: Entry) -> str:
    """A body of its own, so that what opens below it moves with it."""
    own = "" if one["library"] is None else " data-library hidden"
    name = f'<button type="button" class="open" aria-expanded="false">{code(one["name"], 100)}</button>'
    whose = f" {text(one['library'], 40)}" if one["library"] else ""
    cells = [f"<th scope=row>{name} <small>{text(line_of(one), 100)} {text(one['wrapper'], 30)}{whose}</small></th>"]
    cells += [f"<td data-v={one[name]}>{one[name]}</td>" for name in ("calls", "traces", "compiles")]
    cells += [f"<td data-v={one[name]:.6f}>{amounts.seconds(one[name])}</td>" for name in STAGES]
    size = int(one["constants_bytes"])
    cells.append(f"<td data-v={size}>{amounts.size(size) if size else '0'}</td>")
    return f"<tbody data-f={index}{own}><tr>{''.join(cells)}</tr></tbody>"


def _data(document: Document, shown: list[Entry], room: int) -> dict[str, Any]:
    """`compiles[f]`: rows of numbers and of indices into `strings`; `notes[f]`: what else is known of the function."""
    strings: dict[str, int] = {}
    size = 0

    def index(said: object) -> int:
        nonlocal size
        whole = short(said, LONGEST)
        if whole not in strings:
            size += len(json.dumps(whole)) + 1
            strings[whole] = len(strings)
        return strings[whole]

    numbers = {_key(one): position for position, one in reversed(list(enumerate(shown)))}
    rows: list[list[Any]] = [[] for _ in shown]
    held = left = 0
    for one in sorted(document["compiles"], key=lambda one: one["library"] is not None):
        position = numbers.get((one["path"], one["line"], one["function"]))
        if position is None or size > room:
            left += 1
            continue
        changes = [
            index(part) for each in one["cause"]["changes"][:12] for part in (each["leaf"], each["was"], each["now"])
        ]
        made = [
            one.get("ended_s"), index(line_of(one["at"]) if one["at"] else ""), index(one["cause"]["kind"]),
            index(_said(one["cause"])), *(round(one[stage], 4) for stage in STAGES), one["constants_bytes"],
            index(one["cache"]), changes,
        ]  # fmt: skip
        size += len(json.dumps(made)) + 1
        rows[position].append(made)
        held += 1
    notes = [[index(said) for said in _notes(document, one)] for one in shown]
    return {"strings": list(strings), "compiles": rows, "notes": notes, "held": held, "left": left}


def _said(cause: Entry) -> str:
    """The cause's sentence, where it says more than the leaves below it."""
    first = cause["changes"][:1]
    leaves = bool(first) and cause["text"].startswith(f"{first[0]['leaf']}: {first[0]['was']} -> {first[0]['now']}")
    return "" if leaves else str(cause["text"])


def _key(one: Entry) -> tuple[str, int, str]:
    return one["path"], one["line"], one["name"]


def _notes(document: Document, one: Entry) -> Iterator[str]:
    if one["library"]:
        return
    held = run_words.captures(document, one) if one["constants_bytes"] else ""
    if held:
        yield f"captured: {held}"
    yield from run_words.arguments(one)


def _harmless(data: dict[str, Any]) -> str:
    """JSON that no HTML parser sees an end in."""
    said = json.dumps(data, separators=(",", ":"))
    return said.replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026")


def _inventory(document: Document) -> Iterator[str]:
    """Of a check: every jitted function that stands in the source."""
    every = document["functions"]
    if not every:
        return
    yield section("functions", "Jitted functions", len(every))
    yield '<div class="wide"><table><thead><tr><th>function</th><th>place</th><th>wrapper</th><th>static</th><th>called by</th></tr></thead><tbody>'  # fmt: skip
    for one in every[:MOST]:
        callers = ", ".join(code(f"{each['function']} ({line_of(each)})") for each in one["callers"][:6])
        static = text(", ".join(map(str, one["static"])))
        yield f"<tr><td>{code(one['name'], 160)}</td><td>{place(one)}</td><td>{text(one['wrapper'])}</td><td>{static}</td><td>{callers}</td></tr>"
    yield "</tbody></table></div>"
    yield from _left_out(len(every))
    yield "</section>"


def _left_out(count: int) -> Iterator[str]:
    if count > MOST:
        yield f"<p>and {number(count - MOST, 'more function')}, in the JSON document.</p>"
