"""`pytest --jaxaudit`: what each test compiles. Also the marker for budgets and the fixture; off, it costs nothing."""

from __future__ import annotations

import os
from collections.abc import Callable, Generator, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from jaxaudit.steps.observing import Observation

MARKER = (
    "jaxaudit(max_compiles=, no_compile=, max_constants=, no_host_sync=, action=): "
    "budgets on what the test compiles, captures and waits for"
)


def pytest_addoption(parser: pytest.Parser) -> None:
    group = parser.getgroup("jaxaudit", "what tests make JAX compile")
    group.addoption(
        "--jaxaudit", action="store_true", help="show what each test compiles, and what several tests do again"
    )
    group.addoption("--jaxaudit-record", metavar="DIR", help="where the record goes (default: below .jaxaudit/)")


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", MARKER)
    if config.getoption("--jaxaudit"):
        config.pluginmanager.register(Session(config), "jaxaudit-session")


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call(item: pytest.Item) -> Generator[None, Any, Any]:
    marker = item.get_closest_marker("jaxaudit")
    if marker is None:
        return (yield)
    from jaxaudit.steps.observing import guard

    try:
        budgets = guard(*marker.args, **marker.kwargs)
    except (TypeError, ValueError) as error:
        raise pytest.UsageError(f"{item.nodeid}: @pytest.mark.jaxaudit: {error}") from error
    with budgets:
        return (yield)


@pytest.fixture
def jaxaudit() -> Iterator[Observation]:
    """What the test makes JAX compile, as `jaxaudit.observe()` tells it."""
    from jaxaudit.steps.observing import observe

    with observe() as seen:
        yield seen


class Session:
    """What `--jaxaudit` adds to a session: the tally of its tests, the record, and those of pytest-xdist's workers."""

    def __init__(self, config: pytest.Config) -> None:
        from jaxaudit.steps.record_place import new_record
        from jaxaudit.steps.session_tally import Tally

        self.tally = Tally()
        self.worker: dict[str, Any] | None = getattr(config, "workerinput", None)
        self.controls = self.worker is None and bool(getattr(config.option, "numprocesses", None))
        told = (self.worker or {}).get("jaxaudit_record")
        self.record = Path(told) if told else new_record(config.getoption("--jaxaudit-record") or "")
        self.finish: Callable[[], None] | None = None

    def pytest_sessionstart(self) -> None:
        from jaxaudit.steps.observing import recorded

        if not self.controls:
            self.finish = recorded(self.record, self.tally)

    @pytest.hookimpl(optionalhook=True)
    def pytest_configure_node(self, node: Any) -> None:
        """For pytest-xdist: workers write into one record."""
        node.workerinput["jaxaudit_record"] = str(self.record)

    @pytest.hookimpl(optionalhook=True)
    def pytest_testnodedown(self, node: Any) -> None:
        sent = getattr(node, "workeroutput", {}).get("jaxaudit")
        if sent:
            self.tally.add(sent)

    def pytest_runtest_protocol(self, item: pytest.Item) -> None:
        self.tally.test = item.nodeid

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        if not self.controls:
            self.tally.seconds += report.duration

    def pytest_sessionfinish(self, session: pytest.Session) -> None:
        self.tally.test = ""
        if self.finish is not None:
            self.finish()
        if self.worker is not None:
            session.config.workeroutput["jaxaudit"] = self.tally.plain()  # type: ignore[attr-defined]

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        from jaxaudit.steps.session_tally import summary

        terminalreporter.section("jaxaudit: what the tests compiled")
        for line in summary(self.tally, os.getcwd()):
            terminalreporter.write_line(line)
        terminalreporter.write_line("")
        terminalreporter.write_line(f"record: {os.path.relpath(self.record)} (`jaxaudit report` shows it)")
