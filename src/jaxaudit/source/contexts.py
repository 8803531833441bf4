"""What kind of file a finding stands in: a test or benchmark is written by other rules than the code it tests."""

from functools import cache

from jaxaudit.source.knowledge.contexts import (
    BENCHMARK_FILE_PARTS,
    BENCHMARK_FOLDERS,
    TEST_FILE_PARTS,
    TEST_FOLDERS,
)

_FOLDERS = TEST_FOLDERS | BENCHMARK_FOLDERS
_STARTS = tuple([p for p in (*TEST_FILE_PARTS, *BENCHMARK_FILE_PARTS) if not p.endswith(".py")])
_ENDS = tuple([p for p in (*TEST_FILE_PARTS, *BENCHMARK_FILE_PARTS) if p.endswith(".py")])


@cache
def is_test_path(path: str) -> bool:
    """Whether a file holds tests or benchmarks, by its name or a folder's."""
    *folders, name = path.replace("\\", "/").split("/")
    if folders[:1] in ([""], [".."]) or path[1:2] == ":":  # outside the working directory: far folders say nothing
        folders = folders[-4:]
    return name.startswith(_STARTS) or name.endswith(_ENDS) or not _FOLDERS.isdisjoint(folders)
