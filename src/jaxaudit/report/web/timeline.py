"""When the run compiled, and what took longest."""

from collections.abc import Iterator

from jaxaudit.model import amounts
from jaxaudit.report.counts import Document, Entry
from jaxaudit.report.pictures import installed
from jaxaudit.report.pictures import timeline as picture_of
from jaxaudit.report.web.changes import NO_PICTURES
from jaxaudit.report.web.marks import amount, code, place, row, section, spoken, table, text

MOST = 12


def timeline(document: Document) -> Iterator[str]:
    every = document.get("compiles", ())
    if not every:
        return
    yield section("timeline", "Timeline of compiles", len(every))
    picture = picture_of(every)
    if picture:
        names = "".join(f'<li class="color-{index}">{text(name, 60)}</li>' for index, name in enumerate(picture.legend))
        yield "<p>How much of each moment of the run was spent on tracing, lowering and compiling.</p>"
        yield f'<div class="picture" tabindex="0">{picture.svg}</div><ul class="legend">{names}</ul>'
    elif not installed():
        yield NO_PICTURES
    longest = sorted(every, key=lambda one: -seconds(one))[:MOST]
    longest.sort(key=lambda one: one.get("ended_s") or 0.0)
    rows = [
        row(
            amount(f"{one['ended_s']:.1f} s") if one.get("ended_s") is not None else "",
            code(one["function"], 120),
            place(one["at"]) if one["at"] else "",
            amount(amounts.seconds(seconds(one))),
            spoken(one["cause"]["text"] or one["cause"]["kind"]),
        )
        for one in longest
    ]
    few = f"The {len(rows)} longest" if len(every) > len(rows) else "All of them"
    yield f"<h3>{few}, in their order</h3>{table(('done at', 'function', 'called at', 'took', 'because'), rows)}</section>"


def seconds(one: Entry) -> float:
    return float(one["trace_s"] + one["lower_s"] + one["compile_s"])
