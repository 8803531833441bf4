"""The study's document as text: for a terminal, and in Markdown."""

from __future__ import annotations

import textwrap
from typing import Any

STAGES = ("trace", "lower", "compile", "run", "all")
HEADS = ("", "trace", "lower", "compile", "run", "all", "ms", "MB", "MB")
GROUPS = ("", "", "", "first call, seconds", "", "", "frame", "captured", "peak")
WIDTHS = (19, 6, 6, 8, 6, 6, 12, 9, 7)
"""Of the terminal's table: 79 columns."""


def terminal(document: dict[str, Any], columns: int = 80) -> str:
    """Rates, picture, table, and what is to be known about it."""
    lines = [*wrapped(title(document), columns), "", *rates(document), "", *picture(document, columns), ""]
    lines += [
        heads_line(),
        "".join(
            cell.ljust(width) if not place else cell.rjust(width)
            for place, (cell, width) in enumerate(zip(HEADS, WIDTHS))
        ),
    ]
    for row in document["rows"]:
        lines += terminal_row(row, columns)
    lines += ["", *(line for said in closing(document) for line in wrapped(said, columns))]
    lines += ["", *(line for note in document["notes"] for line in wrapped(note, columns, "  "))]
    return "\n".join(line.rstrip() for line in lines) + "\n"


def markdown(document: dict[str, Any]) -> str:
    """The same for a page or a comment."""
    lines = ["# Case: coronagraph, " + document["size"], "", title(document), ""]
    lines += ["| source | photons/s in the image | share |", "|---|---:|---:|"]
    lines += [f"| {one['title']} | {one['photons_per_s']:.4g} | {one['share']:.1%} |" for one in document["rates"]]
    lines += ["", f"Picture: `{document['image']}`", ""]
    heads = ["variant", *(f"{stage} s" for stage in STAGES[:-1]), "first call s", "frame ms", "captured MB", "peak MB"]
    lines += ["| " + " | ".join(heads) + " |", "|---" + "|---:" * (len(heads) - 1) + "|"]
    for row in document["rows"]:
        if row["status"] == "measured":
            lines.append("| " + " | ".join(cells(row)) + " |")
        else:
            lines.append(f"| {row['title']} | {sentence(row)}" + " |" * (len(heads) - 1))
    lines += ["", *closing(document), "", *(f"- {note}" for note in document["notes"])]
    return "\n".join(lines) + "\n"


def heads_line() -> str:
    """What the columns are of: one word over the five of the first call."""
    first = sum(WIDTHS[1:6])
    over = " first call, seconds ".center(first - 2, "-")
    return " " * (WIDTHS[0] + 2) + over + "".join(cell.rjust(width) for cell, width in zip(GROUPS[6:], WIDTHS[6:]))


def title(document: dict[str, Any]) -> str:
    """What was looked at, on what."""
    on = document["environment"]
    devices = {row["device"]["kind"] for row in document["rows"] if row["status"] == "measured"}
    where = f" on {', '.join(sorted(devices))}" if devices else ""
    return (
        f"coronagraph, {document['size']}: {document['pixels']} x {document['pixels']} pixels, a cube of"
        f" {document['nodes']} x {document['nodes']} point spread functions ({amount(document['cube_bytes'])});"
        f" JAX {on['jax']}{where}, {on['cores']} cores"
    )


def rates(document: dict[str, Any]) -> list[str]:
    """The light, by source."""
    lines = [f"{'source':19}{'photons/s':>12}{'share':>9}"]
    lines += [f"{one['title']:19}{one['photons_per_s']:12.4g}{one['share']:9.1%}" for one in document["rates"]]
    return [*lines, f"{'all':19}{document['photons_per_s']:12.4g}{1:9.0%}"]


def picture(document: dict[str, Any], columns: int) -> list[str]:
    """Where it lies, and how bright it is."""
    electrons = document["electrons"]
    return wrapped(
        f"picture: {document['image']} ({electrons['sum']:.0f} electrons, {electrons['brightest_pixel']:.0f} in the"
        " brightest pixel)",
        columns,
    )


def terminal_row(row: dict[str, Any], columns: int) -> list[str]:
    """A line of numbers, or the sentence why there are none."""
    if row["status"] != "measured":
        first = row["title"].ljust(WIDTHS[0] + 2)
        return textwrap.wrap(sentence(row), columns - 1, initial_indent=first, subsequent_indent=" " * len(first))
    name, *numbers = cells(row)
    return [name.ljust(WIDTHS[0]) + "".join(cell.rjust(width) for cell, width in zip(numbers, WIDTHS[1:]))]


def cells(row: dict[str, Any]) -> list[str]:
    """A measured row's texts, in the order of the columns."""
    wall, frame = row["first_call"]["wall_s"], row["steady"]["wall_ms"]
    return [
        row["title"],
        *(seconds(wall[stage]) for stage in STAGES),
        f"{digits(frame['median'])} ± {digits(frame['deviation'])}",
        megabytes(row["captured_bytes"]),
        megabytes(row["first_call"]["peak_bytes_over_inputs"]),
    ]


def sentence(row: dict[str, Any]) -> str:
    """Why a row has no numbers."""
    return {"skipped": "not run: ", "died": "died: "}.get(row["status"], "") + row["why"]


def closing(document: dict[str, Any]) -> list[str]:
    """What the table says, in a sentence for each answer."""
    rows = {row["variant"]: row for row in document["rows"] if row["status"] == "measured"}
    said = [
        "Peak is memory over the inputs in the first call, without mapped files. A frame is the median of"
        f" {document['frames']} ± their standard deviation."
    ]
    if "closed-over" in rows and "as-argument" in rows:
        said.append(compared(rows["closed-over"], rows["as-argument"]))
    if document["repeat"] > 1:
        said += [
            f"{row['title']}: first call {seconds(spread['least'])} to {seconds(spread['most'])} s in {spread['runs']} runs"
            f" (median {seconds(spread['median'])} s)."
            for row in rows.values()
            for spread in [row["first_call_s"]]
        ]
    if document["interrupted"]:
        said.append("Interrupted: the rows that follow were not measured.")
    return said


def compared(closed: dict[str, Any], argument: dict[str, Any]) -> str:
    """How much the first call gains where the optical path is an argument."""
    wall, cpu = (
        closed["first_call"][clock]["all"] / max(argument["first_call"][clock]["all"], 1e-9)
        for clock in ("wall_s", "cpu_s")
    )
    return (
        f"Closed over, the first call takes {wall:.1f} times as long as with the optical path as an argument"
        f" ({cpu:.1f} times the processor's time)."
    )


def seconds(value: float) -> str:
    """Three digits are enough."""
    return f"{value:.2f}" if value < 10 else digits(value)


def digits(value: float) -> str:
    """Two or three digits that count."""
    return f"{value:.0f}" if value >= 100 else f"{value:.1f}" if value >= 1 else f"{value:.2f}"


def megabytes(count: float) -> str:
    """`0.00` says that there is next to nothing."""
    return digits(count / 1e6) if count >= 5e3 else "0"


def amount(count: float) -> str:
    """`17.8 MB`, `4.36 GB`."""
    return f"{count / 1e9:.2f} GB" if count >= 1e9 else f"{count / 1e6:.1f} MB"


def wrapped(text: str, columns: int, indent: str = "") -> list[str]:
    """Lines of a paragraph; what follows its first line stands a little to the right."""
    return textwrap.wrap(
        text,
        columns - 1,
        initial_indent=indent,
        subsequent_indent=indent + ("  " if indent else ""),
        break_long_words=False,
        break_on_hyphens=False,
    )
