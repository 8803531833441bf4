"""A pytest plugin: what each test did goes to the file that OUTCOMES names, one JSON line for each phase and warning.

SAMPLE=STRIDE,OFFSET keeps of each test function every STRIDE-th set of parameters.
"""

import json
import os
from typing import Any

PLACE = os.environ.pop("OUTCOMES")


def put(**told: Any) -> None:
    with open(PLACE, "a") as file:
        file.write(json.dumps(told) + "\n")


def pytest_runtest_logreport(report: Any) -> None:
    text = report.longreprtext if report.outcome != "passed" else ""
    expected = "expected " if hasattr(report, "wasxfail") else ""
    put(id=report.nodeid, when=report.when, outcome=expected + report.outcome, text=text, seconds=report.duration)


def pytest_collectreport(report: Any) -> None:
    if report.failed:
        put(id=report.nodeid, when="collect", outcome="failed", text=report.longreprtext, seconds=0)


def pytest_warning_recorded(warning_message: Any, when: str, nodeid: str, location: Any) -> None:
    text = f"{warning_message.category.__name__}: {warning_message.message}"
    put(id=nodeid, when=f"warning at {when}", outcome="warning", text=text, seconds=0)


def pytest_collection_modifyitems(config: Any, items: list[Any]) -> None:
    stride, offset = map(int, os.environ.get("SAMPLE", "1,0").split(","))
    number: dict[str, int] = {}
    kept: list[Any] = []
    left_out: list[Any] = []
    for item in items:
        function = item.nodeid.partition("[")[0]
        number[function] = number.get(function, -1) + 1
        (kept if number[function] % stride == offset else left_out).append(item)
    items[:] = kept
    config.hook.pytest_deselected(items=left_out)
