"""How large the page of an audit with 5,000 compiles is, and what a browser needs to load it.

    python benchmarks/page_load.py [--loads 5] [--functions 500] [--compiles 5000]

Loads it in headless Chromium (Debian's package `chromium`), each time anew, and prints the seconds of the browser's main
thread and of the wall's clock: the median, and the least and the most.
"""

import argparse
import statistics
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / "src"))
sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))

from jaxaudit.report.rendering import rendered
from report.browser import Browser, chromium
from report.large_documents import large_document


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--loads", type=int, default=5)
    parser.add_argument("--functions", type=int, default=500)
    parser.add_argument("--compiles", type=int, default=5000)
    arguments = parser.parse_args()
    program = chromium()
    if program is None:
        raise SystemExit("no Chromium is installed here: Debian has it in the package `chromium`")
    with tempfile.TemporaryDirectory() as place:
        page = Path(place) / "page.html"
        page.write_text(rendered(large_document(Path(place), arguments.functions, arguments.compiles), "html"), "utf-8")
        work, wall = [], []
        for _ in range(arguments.loads):
            browser = Browser(program)
            try:
                browser.ask("Performance.enable", timeDomain="threadTicks")
                began = time.perf_counter()
                browser.show(page)
                wall.append(time.perf_counter() - began)
                metrics = {one["name"]: one["value"] for one in browser.ask("Performance.getMetrics")["metrics"]}
                work.append(metrics["TaskDuration"])
            finally:
                browser.close()
        print(f"{arguments.compiles} compiles in {arguments.functions} functions: {page.stat().st_size / 1e6:.2f} MB")
        for name, seconds in (("main thread", work), ("by the clock", wall)):
            print(
                f"{name:12} {statistics.median(seconds):.2f} s ({min(seconds):.2f} to {max(seconds):.2f}, {len(seconds)} loads)"
            )


if __name__ == "__main__":
    main()
