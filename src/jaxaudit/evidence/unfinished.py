"""Work that had begun when a process ended: each begin is joined with the line that closes it, and what is left is told."""

from collections.abc import Iterator
from dataclasses import dataclass, field

from jaxaudit.evidence.rows import Row, number_of, seconds_of, text_of

STAGES = ("trace", "lower", "compile")
INTERRUPTED = "KeyboardInterrupt"


@dataclass
class Open:
    """The work of one process that has begun and not ended, by its number."""

    rows: dict[int, Row] = field(default_factory=dict)
    failed: tuple[Row, str, float] | None = None
    """What failed last, with the exception's name and when, until something else begins."""

    def begin(self, row: Row) -> None:
        if text_of(row, "stage") in STAGES:
            self.rows[number_of(row, "work")] = row
            self.failed = None

    def still(self, row: Row) -> None:
        begun = self.rows.get(number_of(row, "work"))
        if begun is not None:
            begun["seconds"] = seconds_of(row, "seconds")

    def close(self, row: Row) -> None:
        """By any line that names the work."""
        begun = self.rows.pop(number_of(row, "work"), None)
        error = text_of(row, "failed")
        if begun is not None and error:
            self.failed = (begun, error, seconds_of(row, "t"))

    def at_the_end(self, ended: str, failure: str, last: float) -> Iterator[tuple[Row, float, str]]:
        """(begin, seconds, exception) of what the process died of or in: one for each thread, the innermost."""
        if ended in ("", "os._exit", "fork-child") or ended.startswith("signal"):
            innermost = {row.get("thread"): row for row in self.rows.values()}
            for row in innermost.values():
                yield row, max(last - seconds_of(row, "t"), seconds_of(row, "seconds")), ""
            if innermost:
                return
        if self.failed is None:
            return
        row, error, at = self.failed
        fatal = text_of(row, "stage") != "trace" and failure.rpartition(".")[2] == error and ended == "exception"
        if fatal or (error == INTERRUPTED and ended == "signal 2"):
            yield row, at - seconds_of(row, "t"), error
