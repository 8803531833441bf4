"""What the user sees, whole. `JAXAUDIT_SNAPSHOTS=write` rewrites the files that the tests compare with."""

import os
from pathlib import Path

import pytest

from jaxaudit.model import Finding, Note, Place, Unread
from jaxaudit.report import paint, terminal
from jaxaudit.report.text_width import width
from report.check_documents import (
    CAPTURED,
    FUNCTION,
    JIT_IN_LOOP,
    LONG,
    MANY,
    MORE,
    UNSURE,
    WIDE,
    check_document,
    finding,
)

SHOWN = Path(__file__).parent / "shown"
UNREAD = Unread("data/old.py", "it is Python 2: print statement (line 3)")


def same_as(name: str, text: str) -> None:
    file = SHOWN / name
    if os.environ.get("JAXAUDIT_SNAPSHOTS") == "write":
        SHOWN.mkdir(exist_ok=True)
        file.write_text(text, "utf-8")
    assert text == file.read_text("utf-8")


@pytest.mark.parametrize(
    ("name", "one"),
    [
        ("notes_and_other_files", CAPTURED),
        ("fix", JIT_IN_LOOP),
        ("unsure", UNSURE),
        ("wide_signs_and_controls", WIDE),
        ("long_line", LONG),
        ("several_lines", MANY),
        ("many_lines", MORE),
    ],
)
def test_a_finding(name: str, one: Finding) -> None:
    text = terminal.findings(check_document([one]), 80, unsure=True)
    assert max(map(width, text.splitlines())) <= 80
    same_as(f"{name}.txt", text)


def test_the_whole_report() -> None:
    document = check_document([JIT_IN_LOOP, CAPTURED, UNSURE], unread=[UNREAD], functions=[FUNCTION])
    text = terminal.findings(document) + terminal.summary(document)
    same_as("whole.txt", text)
    same_as("statistics.txt", terminal.statistics(document))


def test_unsure_ones_are_shown_only_when_asked_for() -> None:
    document = check_document([UNSURE])
    assert terminal.findings(document) == ""
    assert "1 suspicion that a run would have to settle: --unsure shows it." in terminal.summary(document)
    assert "unstable-structure" in terminal.findings(document, unsure=True)
    assert "--unsure" not in terminal.summary(document, unsure=True)


def test_nothing_found() -> None:
    assert terminal.summary(check_document([])) == "Found no faults in 4 files (0.8 s).\n"
    assert "nothing was checked" in terminal.summary(check_document([], files={}))


@pytest.mark.parametrize("columns", [40, 60, 80, 110])
@pytest.mark.parametrize("one", [CAPTURED, JIT_IN_LOOP, WIDE, LONG, MANY, MORE, UNSURE])
def test_no_line_is_wider_than_the_terminal(one: Finding, columns: int) -> None:
    text = terminal.findings(check_document([one]), columns, unsure=True)
    assert max(map(width, text.splitlines())) <= columns


def test_the_underline_stands_below_its_words() -> None:
    for one, words in ((WIDE, "jax.random.normal(key)"), (LONG, "jnp.asarray(values)"), (CAPTURED, "WEIGHTS")):
        rows = terminal.findings(check_document([one])).splitlines()
        at = next(number for number, row in enumerate(rows) if "^" in row)
        under, code = rows[at], rows[at - 1]
        before = code[: code.rindex(words) if one is CAPTURED else code.index(words)]
        assert width(under[: under.index("^")]) == width(before)
        assert under.count("^") == width(words)


def test_a_source_line_cannot_command_the_terminal() -> None:
    text = terminal.findings(check_document([WIDE]))
    assert "\x1b" not in text
    assert "\u202e" not in text


def test_messages_and_paths_cannot_either() -> None:
    evil = finding(Place("\x1b[2Ja.py", 1, 1, 1, 2, "f\x1b"), message="see \x1b]0;title\x07", notes=())
    text = terminal.findings(check_document([evil])) + terminal.summary(
        check_document([evil], unread=[Unread("\x1b[2J", "\x1b[2J")])
    )
    assert "\x1b" not in text


@pytest.mark.parametrize(
    "place",
    [
        Place("gone.py", 3, 1, 3, 5),
        Place("train.py", 999, 1, 999, 5),
        Place("train.py", 9, 500, 9, 510),
        Place("train.py", 1, 1, 1, 1),
        Place("train.py", 3, 1, 3, 1),
        Place("train.py", 9, 20, 8, 1),
    ],
)
def test_places_that_do_not_fit_the_file(place: Place) -> None:
    one = finding(place, notes=(Note(place, "a note"),))
    text = terminal.findings(check_document([one]))
    assert f"{place.path}:{place.line}:{place.column}" in text
    assert "a note" in text


def test_colours_add_only_codes() -> None:
    document = check_document([JIT_IN_LOOP, CAPTURED], unread=[UNREAD], functions=[FUNCTION])
    for render in (terminal.findings, terminal.summary, terminal.statistics):
        coloured = render(document, 80, paint.coloured)
        for code in paint.CODES.values():
            coloured = coloured.replace(f"\x1b[{code}m", "")
        assert coloured.replace("\x1b[0m", "") == render(document, 80)
