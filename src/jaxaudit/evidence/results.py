"""What the user's jitted functions returned in a run that was asked to keep it: by function and number of the call."""

from array import array
from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

from jaxaudit.evidence.places import Places, plain_name
from jaxaudit.evidence.rows import Row, Rows, number_of, rows_of, text_of, words_of


class Jitted(NamedTuple):
    """A function: by its place and name, for its line may move. `number` tells functions of one name apart, `process`
    the processes that kept results.
    """

    path: str
    name: str
    number: int = 0
    process: int = 0

    @property
    def last(self) -> str:
        return self.name.rpartition(".")[2]


class Leaf(NamedTuple):
    """One array of a result. `digest` is of all its bytes; the figures are of what of it was looked at."""

    name: str
    dtype: str
    shape: tuple[int, ...]
    digest: str
    odd: str = ""
    """Where it is not finite."""
    peak: float = 0.0
    norm: float = 0.0
    whole: bool = False
    """All its numbers are whole."""
    form: str = ""
    step: int = 1
    """Each so-manieth number was kept."""
    file: Path = Path()
    at: int = 0
    bytes: int = 0

    def numbers(self) -> "array[float]":
        """Those that were kept."""
        made: array[float] = array(self.form or "d")
        if self.bytes:
            with self.file.open("rb") as file:
                file.seek(self.at)
                made.frombytes(file.read(self.bytes))
        return made


class Result(NamedTuple):
    """What one call returned; and of a first call, a word for each array and number that it was handed."""

    leaves: tuple[Leaf, ...]
    inputs: tuple[str, ...] | None = None
    threads: int = 1
    """From so many threads the function had been called by then."""


Results = Mapping[Jitted, Mapping[int, Result]]


def read_results(record: Path, home: Path, lies: Path | None = None) -> Results:
    """By function and call. `home` is the folder that paths are shown from; `lies` where the record will lie."""
    places = Places(str(home))
    found: dict[Jitted, Mapping[int, Result]] = {}
    process = 0
    for file in sorted(record.glob("*.jsonl"), key=lambda file: (file.stat().st_mtime, file.name)):
        sites: dict[object, Row] = {}
        calls: dict[object, dict[int, Result]] = {}
        for row in Rows(file):
            if row["k"] == "site":
                sites[row.get("id")] = row
            elif row["k"] == "result":
                calls.setdefault(row.get("site"), {})[number_of(row, "call")] = _result(row, lies or record)
        named: dict[tuple[str, str], list[tuple[int, dict[int, Result]]]] = {}
        for number, some in calls.items():
            site = sites.get(number)
            if site is not None:
                place = places.path(text_of(site, "path")), plain_name(text_of(site, "name"))
                named.setdefault(place, []).append((number_of(site, "line"), some))
        for (path, name), same in named.items():
            for order, (_, some) in enumerate(sorted(same, key=lambda one: one[0])):
                found[Jitted(path, name, order, process)] = some
        process += bool(named)
    return found


def _result(row: Row, lies: Path) -> Result:
    file = lies / text_of(row, "file")
    inputs = words_of(row, "inputs") if row.get("inputs") is not None else None
    leaves = tuple(_leaf(one, file) for one in rows_of(row, "leaves"))
    return Result(leaves, inputs, max(1, number_of(row, "threads")))


def _leaf(row: Row, file: Path) -> Leaf:
    shape = row.get("shape")
    return Leaf(
        text_of(row, "leaf"), text_of(row, "dtype"), tuple(shape) if isinstance(shape, list) else (),
        text_of(row, "digest"), text_of(row, "odd"), _real(row, "peak"), _real(row, "norm"), bool(row.get("whole")),
        text_of(row, "form"), max(1, number_of(row, "step")), file, number_of(row, "at"), number_of(row, "bytes"),
    )  # fmt: skip


def _real(row: Row, name: str) -> float:
    value = row.get(name)
    return float(value) if isinstance(value, int | float) else 0.0
