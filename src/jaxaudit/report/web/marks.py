"""Text as a page shows it: escaped, without signs that turn the direction of writing, and of bounded length."""

from html import escape
from typing import Any

from jaxaudit.report.places import line_of
from jaxaudit.report.text_width import printable

LONGEST = 600
"""Signs of one text; of a longer one the middle is left out."""

SHORT = 28


def text(said: object, most: int = LONGEST) -> str:
    """What a user's program named is never markup."""
    return escape(short(said, most))


def short(said: object, most: int = LONGEST) -> str:
    whole = str(said)
    if len(whole) > most:
        whole = f"{whole[: most * 2 // 3]} … {whole[-most // 3 :]}"
    return printable(whole)


def code(said: object, most: int = LONGEST) -> str:
    """A name; a short one stays in one line, also in a narrow column."""
    kind = ' class="s"' if len(str(said)) <= SHORT else ""
    return f"<code{kind}>{text(said, most)}</code>"


def amount(said: str) -> str:
    """`700 ms`, in one line."""
    return f'<span class="n">{text(said)}</span>'


def spoken(said: object) -> str:
    """A sentence, its `code` marked as such."""
    parts = text(said, 2 * LONGEST).split("`")
    if len(parts) % 2 == 0:
        return "`".join(parts)
    return "".join(f"<code>{part}</code>" if index % 2 else part for index, part in enumerate(parts))


def place(at: Any) -> str:
    return code(line_of(at)) if at.get("path") else ""


def section(anchor: str, title: str, count: object = "") -> str:
    small = f" <small>{count}</small>" if count != "" else ""
    return f'<section id="{anchor}" aria-labelledby="{anchor}-title"><h2 id="{anchor}-title">{title}{small}</h2>'


def row(*cells: str) -> str:
    return "<tr>" + "".join(f"<td>{cell}</td>" for cell in cells) + "</tr>"


def table(heads: tuple[str, ...], rows: list[str], kind: str = "") -> str:
    top = "".join(f'<th scope="col">{head}</th>' for head in heads)
    mark = f' class="{kind}"' if kind else ""
    return f'<div class="wide"><table{mark}><thead><tr>{top}</tr></thead><tbody>{"".join(rows)}</tbody></table></div>'
