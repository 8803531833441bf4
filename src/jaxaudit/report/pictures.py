"""Pictures as inline SVG, drawn by pygal where it is installed (`pip install jaxaudit[html]`); none where it is not.

What pygal writes is made smaller and still: without its script and styles (the page has its own, for light and dark),
without its date and its random names.
"""

import re
import sys
from collections.abc import Iterable, Sequence
from html import escape
from typing import Any, NamedTuple

from jaxaudit.model import amounts
from jaxaudit.model.moved_words import CLOCKS, span
from jaxaudit.report.text_width import printable

WIDE = 900
BINS = 75
MOST_SERIES = 7
MOST_BARS = 20
LABEL = 38
"""Signs of a label; longer ones keep their end, which tells more."""
OTHERS = "all others"


class Picture(NamedTuple):
    """The SVG, and the names of its colours in their order."""

    svg: str
    legend: tuple[str, ...] = ()


def installed() -> bool:
    """Effect: pygal is imported, without the hook that it puts into everybody's imports for plugins of its own: that one
    is of Python 2's kind, and each import that finds nothing would warn of it.
    """
    before = list(sys.meta_path)
    try:
        import pygal  # noqa: F401
    except ImportError:
        return False
    sys.meta_path[:] = [one for one in sys.meta_path if one in before or type(one).__module__ != "pygal"]
    return True


def timeline(compiles: Sequence[Any]) -> Picture | None:
    """How much of each moment went into compiling, and for which function."""
    spans = _spans(compiles)
    whole = max((end for _, _, end in spans), default=0.0)
    if not installed() or not whole:
        return None
    names = _largest(spans)
    step = whole / BINS
    table = {name: [0.0] * BINS for name in names}
    for name, start, end in spans:
        row = table[name if name in table else OTHERS]
        for bin_ in range(int(start / step), min(BINS, int(end / step) + 1)):
            row[bin_] += max(0.0, min(end, (bin_ + 1) * step) - max(start, bin_ * step)) / step
    ticks = [_tick(number, step) for number in range(BINS)]
    sides = [{"value": part, "label": _percent(part)} for part in (0, 0.5, 1)]
    chart = _chart("StackedBar", 240, x_labels=ticks, range=(0, 1), y_labels=sides)
    chart.value_formatter = _percent
    for name, row in table.items():
        bars = [
            {
                "value": round(part, 4),
                "label": f"{_end(name)}: {part:.0%} of {amounts.seconds(step)} at {_time(number * step)}",
            }
            for number, part in enumerate(row)
        ]
        chart.add(name, bars)
    return Picture(_svg(chart, "Time spent compiling over the run, by function"), tuple(table))


def bytes_picture(constants: Iterable[Any]) -> Picture | None:
    """The captured bytes by who holds them, the most first."""
    held: dict[str, int] = {}
    for one in constants:
        name = holder(one)
        held[name] = held.get(name, 0) + int(one["bytes"])
    rows = sorted(held.items(), key=lambda pair: -pair[1])[:MOST_BARS]
    if not installed() or not rows:
        return None
    chart = _bars([name for name, _ in rows])
    chart.value_formatter = _size
    chart.add(
        "", [{"value": size, "label": f"{_end(name, 120)}: {amounts.size(size)}"} for name, size in reversed(rows)]
    )
    return Picture(_svg(chart, "Captured bytes by holder"))


def moved_picture(figures: Sequence[tuple[str, Any]]) -> Picture | None:
    """What clocks showed after each change, as a part of before, with intervals. Each figure with its change's number."""
    rows = [(number, one) for number, one in figures if one["metric"] in CLOCKS and one["before"]][:MOST_BARS]
    if not installed() or not rows:
        return None
    top = max(1.0, *(max(one["high"], one["ratio"]) for _, one in rows)) * 1.05
    chart = _bars([f"{number}: {CLOCKS[one['metric']]}" for number, one in rows], range=(0, top))
    chart.value_formatter = _percent
    bars = [
        {
            "value": one["ratio"],
            "ci": {"low": one["low"], "high": one["high"]},
            "label": f"{number}: {CLOCKS[one['metric']]}, {span(one['low'], one['high'])}",
        }
        for number, one in reversed(rows)
    ]
    chart.add("", bars)
    return Picture(_svg(chart, "After each change, as a part of before, with intervals"))


def _percent(part: float) -> str:
    return f"{part:.0%}"


def _size(count: float) -> str:
    return amounts.size(int(count)) if count else "0"


def holder(one: Any) -> str:
    """`optical_path.coronagraph.psf`: the Python name of a captured array."""
    leaf = str(one["leaf"])
    return f"{one['holder']}{leaf if leaf[:1] in ('', '.', '[') else f'.{leaf}'}"


def _spans(compiles: Sequence[Any]) -> list[tuple[str, float, float]]:
    """(function, start, end); one after the other where no times are known."""
    found, clock = [], 0.0
    timed = any(one.get("ended_s") for one in compiles)
    for one in compiles:
        seconds = float(one["trace_s"] + one["lower_s"] + one["compile_s"])
        clock += seconds
        end = float(one.get("ended_s") or 0.0) if timed else clock
        found.append((str(one["function"]), max(0.0, end - seconds), end))
    return found


def _largest(spans: Sequence[tuple[str, float, float]]) -> list[str]:
    sums: dict[str, float] = {}
    for name, start, end in spans:
        sums[name] = sums.get(name, 0.0) + end - start
    names = sorted(sums, key=lambda name: -sums[name])
    return names if len(names) <= MOST_SERIES + 1 else [*names[:MOST_SERIES], OTHERS]


def _tick(number: int, step: float) -> str:
    return _time(number * step) if number % 15 == 0 else ""


def _time(seconds: float) -> str:
    return f"{seconds / 60:.1f} min" if seconds >= 100 else f"{seconds:.1f} s" if seconds else "0 s"


def _bars(names: Sequence[str], **more: Any) -> Any:
    labels = [_end(name) for name in names]
    return _chart("HorizontalBar", 50 + 26 * len(names), x_labels=labels[::-1], **more)


def _end(name: str, most: int = LABEL) -> str:
    return printable(name if len(name) <= most else f"…{name[1 - most :]}")


def _chart(kind: str, height: int, **more: Any) -> Any:
    import pygal

    return getattr(pygal, kind)(
        width=WIDE, height=height, js=[], css=[], margin=8, spacing=4, disable_xml_declaration=True, explicit_size=False,
        show_legend=False, truncate_label=-1, **more,
    )  # fmt: skip


def _svg(chart: Any, title: str) -> str:
    """Text stands escaped in it: no name can look like one of the tags that are taken out."""
    text = printable(str(chart.render(is_unicode=True)).replace("\n", " "))
    text = re.sub(r"<(script|style)\b.*?</\1>|<!--.*?-->|<title>[^<]*</title>", "", text, flags=re.S)
    text = re.sub(r'<desc class="label">([^<]*)</desc>(<[^>]*>)', r"\2<title>\1</title>", text)
    text = re.sub(r"<desc\b[^>]*/>|<desc\b[^>]*>[^<]*</desc>", "", text)
    text = re.sub(r'<g class="bar"><rect [^>]*height="0\.0"[^>]*/>(<title>[^<]*</title>)?</g>', "", text)
    text = re.sub(r'<g class="guides"><path [^>]*/><text [^>]*/></g>', "", text)
    text = re.sub(r'<g transform="[^"]*" class="plot tooltip-overlay">.*?</g></g>', "", text)
    text = re.sub(r'(="-?\d+\.\d)\d+', r"\1", text)
    return text.replace(f'id="chart-{chart.uuid}"', f'role="img" aria-label="{escape(title)}"')
