"""Pictures as inline SVG, drawn by pygal where it is installed (`pip install jaxaudit[html]`); none where it is not."""

from collections.abc import Sequence
from typing import Any

from jaxaudit.model import amounts

MOST = 60
"""Compiles that a picture shows: the longest, in their order."""
WIDE = 900


def timeline(compiles: Sequence[Any]) -> str:
    """A bar for each compile, its stages in it."""
    if not compiles:
        return ""
    longest = sorted(range(len(compiles)), key=lambda index: -_seconds(compiles[index]))[:MOST]
    shown = [compiles[index] for index in sorted(longest)]
    chart = _chart("HorizontalStackedBar", height=60 + 22 * len(shown))
    if chart is None:
        return ""
    chart.x_labels = [str(one["function"])[-40:] for one in reversed(shown)]
    for stage, name in (("trace_s", "trace"), ("lower_s", "lower"), ("compile_s", "XLA")):
        chart.add(name, [round(one[stage], 4) for one in reversed(shown)])
    return _svg(chart)


def bytes_picture(constants: Sequence[Any]) -> str:
    """The captured bytes by who holds them."""
    chart = _chart("Treemap", height=320)
    if chart is None or not constants:
        return ""
    for one in sorted(constants, key=lambda each: -each["bytes"])[:MOST]:
        chart.add(f"{str(one['holder'])[-40:]}, {amounts.size(one['bytes'])}", [one["bytes"]])
    return _svg(chart)


def _chart(kind: str, height: int) -> Any:
    try:
        import pygal
        from pygal.style import Style
    except ImportError:
        return None
    plain = Style(
        background="transparent", plot_background="transparent", foreground="#808080", foreground_strong="#808080"
    )
    return getattr(pygal, kind)(
        width=WIDE,
        height=height,
        js=[],
        style=plain,
        disable_xml_declaration=True,
        show_legend=True,
        explicit_size=False,
    )


def _svg(chart: Any) -> str:
    return str(chart.render(is_unicode=True))


def _seconds(one: Any) -> float:
    return float(one["trace_s"] + one["lower_s"] + one["compile_s"])
