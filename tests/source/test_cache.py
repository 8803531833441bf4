"""What was put is found again; whatever is wrong with the store is a miss."""

import multiprocessing
import pickle
import random
import sqlite3
import sys
from pathlib import Path

import pytest

from jaxaudit.source import cache as module
from jaxaudit.source.cache import DAY, FILE, UNUSED_DAYS, FactsCache, content_key, tool_version


def fill(folder: Path, *entries: tuple[bytes, bytes], at: float = 1e9) -> None:
    store = FactsCache(str(folder), clock=lambda: at)
    for key, value in entries:
        store.put(key, value)
    store.close()


def read(folder: Path, key: bytes, at: float = 1e9) -> bytes | None:
    store = FactsCache(str(folder), clock=lambda: at)
    try:
        return store.get(key)
    finally:
        store.close()


def test_keeps_between_runs(tmp_path: Path) -> None:
    folder = tmp_path / "new" / "folder"
    fill(folder, (b"k", b"value"), (b"e", b""))
    assert (read(folder, b"k"), read(folder, b"e"), read(folder, b"other")) == (b"value", b"", None)
    assert (folder / "CACHEDIR.TAG").read_text().startswith("Signature: 8a477f597d28d172789f06886806bc55")


def test_gives_what_was_just_put(tmp_path: Path) -> None:
    store = FactsCache(str(tmp_path))
    store.put(b"k", b"value")
    assert store.get(b"k") == b"value"
    store.close()


def test_facts_and_results_are_apart(tmp_path: Path) -> None:
    store = FactsCache(str(tmp_path))
    store.put(b"k", b"facts")
    store.put_result(b"k", b"result")
    store.close()
    store = FactsCache(str(tmp_path))
    assert (store.get(b"k"), store.get_result(b"k")) == (b"facts", b"result")
    store.close()


def test_without_a_folder_nothing_is_kept() -> None:
    store = FactsCache(None)
    store.put(b"k", b"value")
    assert store.get(b"k") is None
    store.close()
    store.close()


def test_a_folder_that_cannot_be_made_is_no_cache(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    fill(tmp_path / "file" / "folder", (b"k", b"value"))
    assert read(tmp_path / "file" / "folder", b"k") is None


def test_a_read_only_store_still_answers(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    fill(tmp_path, (b"k", b"value"))
    connect = sqlite3.connect
    monkeypatch.setattr(
        sqlite3, "connect", lambda path, timeout, **_: connect(f"file:{path}?mode=ro", uri=True, timeout=timeout)
    )
    fill(tmp_path, (b"new", b"value"))
    assert (read(tmp_path, b"k"), read(tmp_path, b"new")) == (b"value", None)


def test_no_sqlite_is_no_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "sqlite3", None)
    fill(tmp_path, (b"k", b"value"))
    assert read(tmp_path, b"k") is None


@pytest.mark.parametrize(
    "content", [b"", b"no database at all, but long enough to be looked at" * 50, b"SQLite format 3\0"]
)
def test_a_file_that_is_no_database_is_made_anew(tmp_path: Path, content: bytes) -> None:
    (tmp_path / FILE).write_bytes(content)
    assert read(tmp_path, b"k") is None
    fill(tmp_path, (b"k", b"value"))
    assert read(tmp_path, b"k") == b"value"


def test_a_database_of_something_else_is_no_error(tmp_path: Path) -> None:
    with sqlite3.connect(tmp_path / FILE) as other:
        other.execute("CREATE TABLE facts (wrong TEXT)")
    other.close()
    fill(tmp_path, (b"k", b"value"))
    assert read(tmp_path, b"k") is None


def test_damage_anywhere_is_a_miss_or_the_true_value(tmp_path: Path) -> None:
    chance = random.Random(5)
    entries = [(bytes([number]) * 16, chance.randbytes(3000)) for number in range(20)]
    fill(tmp_path, *entries)
    whole = (tmp_path / FILE).read_bytes()
    for _ in range(150):
        damaged = bytearray(whole)
        for _ in range(chance.choice([1, 20])):
            start = chance.randrange(len(damaged))
            damaged[start : start + 16] = chance.randbytes(len(damaged[start : start + 16]))
        (tmp_path / FILE).write_bytes(damaged[: chance.choice([len(damaged), chance.randrange(len(damaged))])])
        store = FactsCache(str(tmp_path), clock=lambda: 1e9)
        for key, value in entries:
            assert store.get(key) in (None, value)
        store.put(b"new", b"value")
        store.close()


def test_a_value_under_another_key_is_a_miss(tmp_path: Path) -> None:
    fill(tmp_path, (b"k", b"value"))
    with sqlite3.connect(tmp_path / FILE) as database:
        database.execute("UPDATE facts SET key = ?", (b"other",))
    database.close()
    assert read(tmp_path, b"other") is None


def _put_many(folder: Path, start: int) -> None:
    for number in range(start, start + 20):
        fill(folder, (number.to_bytes(4, "big"), b"x" * 2000))


def test_two_processes_write_at_once(tmp_path: Path) -> None:
    context = multiprocessing.get_context("spawn")
    workers = [context.Process(target=_put_many, args=(tmp_path, start)) for start in (0, 1000)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join(60)
    assert [worker.exitcode for worker in workers] == [0, 0]
    assert all(read(tmp_path, number.to_bytes(4, "big")) for number in (*range(20), *range(1000, 1020)))


def test_what_is_unused_for_a_month_goes(tmp_path: Path) -> None:
    fill(tmp_path, (b"used", b"value"), (b"unused", b"value"))
    assert read(tmp_path, b"used", at=1e9 + 20 * DAY) == b"value"
    fill(tmp_path, at=1e9 + (UNUSED_DAYS + 2) * DAY)
    assert read(tmp_path, b"unused", at=1e9) is None
    assert read(tmp_path, b"used", at=1e9) == b"value"


def test_the_size_is_bounded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MOST_BYTES", 400_000)
    for day in range(40):
        fill(tmp_path, (bytes([day]), bytes([day]) * 50_000), at=1e9 + day * DAY * 0.5)
    fill(tmp_path, at=1e9 + 22 * DAY)
    assert (tmp_path / FILE).stat().st_size < 400_000
    assert read(tmp_path, bytes([39])) is not None
    assert read(tmp_path, bytes([0])) is None


def test_much_is_written_before_the_end(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "HOLD_BYTES", 1000)
    store = FactsCache(str(tmp_path))
    store.put(b"k", b"x" * 2000)
    assert read(tmp_path, b"k") == b"x" * 2000
    store.close()


def test_keys_follow_the_content_and_the_tool(tmp_path: Path) -> None:
    assert content_key(b"x = 1") == content_key(b"x = 1") != content_key(b"x = 2")
    (tmp_path / "a.py").write_text("x = 1")
    before = tool_version(str(tmp_path))
    assert before == tool_version(str(tmp_path))
    (tmp_path / "a.py").write_text("x = 10")
    assert tool_version(str(tmp_path)) != before


def test_hostile_entries_are_not_run(tmp_path: Path) -> None:
    from jaxaudit.source.facts import unpack

    class Hostile:
        def __reduce__(self) -> tuple[object, ...]:
            return (Path.touch, (tmp_path / "run",))

    fill(tmp_path, (b"k", pickle.dumps(Hostile())))
    assert unpack(read(tmp_path, b"k") or b"") is None
    assert not (tmp_path / "run").exists()
