"""A writer that keeps what it is told, and JAX observed for as long as a test takes."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from jaxaudit_probe import calls, donations, hooks, keys, syncs


class Listener:
    """Stands for the record of a run."""

    def __init__(self) -> None:
        self.lines: list[tuple[str, dict[str, Any]]] = []
        self.ends: list[Callable[[], None]] = []

    def put(self, kind: str, **fields: Any) -> None:
        self.lines.append((kind, fields))

    def at_end(self, callback: Callable[[], None]) -> None:
        self.ends.append(callback)

    def told(self, kind: str) -> list[dict[str, Any]]:
        """The lines of a kind, totals included; nothing went wrong on the way."""
        for end in self.ends:
            end()
        assert [fields for name, fields in self.lines if name == "note"] == []
        return [fields for name, fields in self.lines if name == kind]

    def of(self, kind: str, function: str) -> dict[str, Any]:
        """The last totals of a function."""
        lines = self.told(kind)
        sites = {fields["id"] for name, fields in self.lines if name == "site" and fields["name"].endswith(function)}
        return next(line for line in reversed(lines) if line["site"] in sites)


@contextmanager
def listening() -> Iterator[Listener]:
    """Effect: what JAX does inside is told, and nothing of us stays in JAX afterwards."""
    listener = Listener()
    observer = hooks.install(listener)
    for part in (calls, syncs, keys, donations):
        part.install(observer)
    try:
        yield listener
    finally:
        for part in (calls, syncs, keys, donations):
            part.uninstall()
        hooks.uninstall()
