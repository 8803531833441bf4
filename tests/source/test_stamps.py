"""A digest is believed only while nothing can have changed."""

import os
import pickle
from pathlib import Path

from jaxaudit.source.cache import FactsCache
from jaxaudit.source.stamps import SETTLED_NS, Stamps


def later(path: Path) -> int:
    """A clock's reading at which a file written just now has settled."""
    return max(path.stat().st_mtime_ns, path.stat().st_ctime_ns) + SETTLED_NS + 1


def remembered(folder: Path, path: Path, *, now: int | None = None) -> None:
    store = FactsCache(str(folder))
    stamps = Stamps(store, "here", clock_ns=lambda: now or later(path))
    stamps.remember(str(path), path.stat(), b"digest")
    stamps.save()
    store.close()


def digest(folder: Path, path: Path, scope: str = "here") -> bytes | None:
    store = FactsCache(str(folder))
    try:
        return Stamps(store, scope).digest(str(path))
    finally:
        store.close()


def test_an_unchanged_file_need_not_be_read(tmp_path: Path) -> None:
    path = tmp_path / "a.py"
    path.write_text("x = 1")
    remembered(tmp_path, path)
    assert digest(tmp_path, path) == b"digest"
    assert digest(tmp_path, path, scope="elsewhere") is None
    assert digest(tmp_path, tmp_path / "b.py") is None


def test_any_change_is_seen(tmp_path: Path) -> None:
    path = tmp_path / "a.py"
    path.write_text("x = 1")
    before = path.stat()
    remembered(tmp_path, path)
    path.write_text("x = 2")
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))
    assert path.stat().st_size == before.st_size
    assert path.stat().st_mtime_ns == before.st_mtime_ns
    assert digest(tmp_path, path) is None
    path.unlink()
    assert digest(tmp_path, path) is None


def test_a_file_just_written_is_not_remembered(tmp_path: Path) -> None:
    path = tmp_path / "a.py"
    path.write_text("x = 1")
    remembered(tmp_path, path, now=path.stat().st_mtime_ns + 1000)
    assert digest(tmp_path, path) is None


def test_stamps_that_are_no_stamps_are_forgotten(tmp_path: Path) -> None:
    path = tmp_path / "a.py"
    path.write_text("x = 1")
    for damaged in (
        b"",
        b"nonsense",
        pickle.dumps([1]),
        pickle.dumps({str(path): 3}),
        pickle.dumps({str(path): (1, 2)}),
    ):
        store = FactsCache(str(tmp_path))
        key = Stamps(store, "here")._key
        store.put_stamps(key, damaged)
        store.close()
        assert digest(tmp_path, path) is None
