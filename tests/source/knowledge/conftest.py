import importlib
import importlib.util
import warnings
from collections.abc import Callable, Iterator
from typing import Any

import pytest

Find = Callable[[str], Any]


class Absent(Exception):
    """The library is installed, but has no such thing."""


def _find(name: str) -> Any:
    """The thing of a dotted name; None where its library is not installed."""
    parts = name.split(".")
    if importlib.util.find_spec(parts[0]) is None:
        return None
    found = importlib.import_module(parts[0])
    for at, part in enumerate(parts[1:], 1):
        try:
            found = getattr(found, part)
        except AttributeError:
            try:
                found = importlib.import_module(".".join(parts[: at + 1]))
            except ImportError as error:
                raise Absent(name) from error
    return found


@pytest.fixture
def find() -> Iterator[Find]:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield _find


@pytest.fixture
def missing(find: Find) -> Callable[[Any], list[str]]:
    """Which of many names an installed library lacks."""

    def look(names: Any) -> list[str]:
        out = []
        for name in names:
            try:
                find(name)
            except (Absent, ImportError):
                out.append(name)
        return sorted(out)

    return look
