"""What kind of file a finding stands in: a test or benchmark is written by other rules than the code it tests."""

import re
from functools import cache

_TESTS = re.compile(r"(^|/)(tests?|testing|benchmarks?)/|(^|/)(test_[^/]*|[^/]*_test|conftest|[^/]*_benchmark|bench_[^/]*)\.py$")


@cache
def is_test_path(path: str) -> bool:
    """Whether a file holds tests or benchmarks, by its name or a folder's."""
    return _TESTS.search(path.replace("\\", "/")) is not None
