"""The arrays that became part of programs: how many bytes, and who holds them."""

from collections.abc import Iterator

from jaxaudit.model import amounts
from jaxaudit.report.counts import Document, number
from jaxaudit.report.pictures import bytes_picture, holder
from jaxaudit.report.web.marks import amount, code, place, row, section, table, text

MOST = 200
SMALLEST = 1024


def captured(document: Document) -> Iterator[str]:
    every = [one for one in document.get("constants", ()) if one["bytes"] >= SMALLEST]
    if not every:
        return
    every.sort(key=lambda one: -one["bytes"])
    whole = amounts.size(sum(one["bytes"] for one in every))
    yield section("captured", "Captured arrays", f"{len(every)}, {whole}")
    picture = bytes_picture(every)
    if picture:
        yield f'<div class="picture" tabindex="0">{picture.svg}</div>'
    rows = [
        row(
            code(holder(one)),
            text(amounts.array(one["dtype"], tuple(one["shape"])[:12])),
            amount(amounts.size(one["bytes"])),
            code(one["function"]),
            place(one),
            place(one["made"]) if one.get("made") else "",
        )
        for one in every[:MOST]
    ]
    yield table(("array", "what", "bytes", "captured by", "at", "made at"), rows, "sizes")
    if len(every) > MOST:
        yield f"<p>and {number(len(every) - MOST, 'smaller one')}.</p>"
    yield "</section>"
