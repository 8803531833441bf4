"""The lines of source that a document brings along."""

from jaxaudit.model import Finding, Note, Place
from jaxaudit.steps.source_entries import LONGEST_PLACE, MOST_LINES, NEAR, WHOLE, source_entries


def finding(path, line, end=None, *notes):
    place = Place(path, line, 1, end or line, 2)
    return Finding("r", "t", "m", "warning", 0.9, place, notes=tuple(Note(one, "n") for one in notes))


def lines(path):
    return [f"{path} {number}" for number in range(1, (WHOLE if path == "short.py" else 10_000) + 1)]


def test_a_short_file_is_whole():
    [one] = source_entries([finding("short.py", 3)], lines)
    assert (one["path"], one["of"], len(one["lines"])) == ("short.py", WHOLE, WHOLE)
    assert one["lines"][2] == [3, "short.py 3"]


def test_of_a_long_file_what_stands_near():
    [one] = source_entries([finding("long.py", 500, 502, Place("long.py", 900, 1, 900, 2))], lines)
    numbers = [number for number, _ in one["lines"]]
    assert numbers == [*range(500 - NEAR, 503 + NEAR), *range(900 - NEAR, 901 + NEAR)]


def test_a_place_that_never_ends_and_a_file_that_is_gone():
    [one] = source_entries(
        [finding("long.py", 9_990, 10_000), finding("gone.py", 1)],
        lambda path: lines(path) if path != "gone.py" else [],
    )
    assert one["lines"][-1] == [10_000, "long.py 10000"]
    [one] = source_entries([finding("long.py", 1, 9_000)], lines)
    assert len(one["lines"]) == 1 + LONGEST_PLACE + NEAR


def test_there_is_an_end():
    many = source_entries(
        [finding(f"{number}.py", line) for number in range(50) for line in range(1, 9_000, 99)], lines
    )
    assert sum(len(one["lines"]) for one in many) == MOST_LINES
