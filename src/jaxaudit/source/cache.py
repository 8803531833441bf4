"""What earlier runs found out, by content: the facts of files, and the results of whole runs.

One SQLite file that any number of processes may read and write. Whatever is wrong with it (damaged, locked, not
writable, no sqlite3 in this Python) makes a miss or an unused cache, never an error.
"""

from __future__ import annotations

import os
import sys
import time
import zlib
from collections.abc import Callable, Iterable
from hashlib import blake2b
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    import sqlite3

FILE = "facts-2.sqlite"
DAY = 86_400
UNUSED_DAYS = 30
MOST_BYTES = 1 << 29
"""Beyond half a gigabyte the entries used longest ago go, until three quarters of that are left."""
WAIT_S = 2.0
"""So long another process is waited for before an entry counts as missing."""
HOLD_BYTES = 8 << 20
"""So much is held back before it is written, so that a run interrupted late keeps most of its work."""

_TABLES = ("facts", "results")
_SIGNATURE = "CACHEDIR.TAG"
_SIGNATURE_TEXT = (
    "Signature: 8a477f597d28d172789f06886806bc55\n# A cache of jaxaudit's; it may be deleted at any time.\n"
)
_T = TypeVar("_T")


def content_key(data: bytes) -> bytes:
    """The key of a source's facts: its bytes, this version of the tool, and the Python that parses."""
    digest = _version_hash().copy()
    digest.update(data)
    return digest.digest()


def tool_version(package: str | None = None) -> bytes:
    """A digest that changes with every change to the tool's own files: part of the key of a result."""
    root = package or os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
    digest = blake2b(digest_size=16)
    for folder, folders, files in os.walk(root):
        folders[:] = sorted(name for name in folders if name != "__pycache__")
        _add_stats(digest, folder, files)
    return digest.digest()


_versions: list[blake2b] = []


def _version_hash() -> blake2b:
    if not _versions:
        here = os.path.dirname(os.path.abspath(__file__))
        digest = blake2b(repr(sys.version_info[:2]).encode(), digest_size=16)
        _add_stats(digest, here, os.listdir(here))
        _versions.append(digest)
    return _versions[0]


def _add_stats(digest: blake2b, folder: str, names: Iterable[str]) -> None:
    for name in sorted(names):
        if name.endswith(".py"):
            info = os.stat(os.path.join(folder, name))
            digest.update(f"{name} {info.st_size} {info.st_mtime_ns}\n".encode())


class FactsCache:
    """Bytes by key, in a folder of the user's. `FactsCache(None)` keeps nothing. Not to be carried over a fork."""

    def __init__(self, directory: str | None, *, clock: Callable[[], float] = time.time) -> None:
        self._now = int(clock())
        self._held: dict[str, dict[bytes, bytes]] = {table: {} for table in _TABLES}
        self._held_bytes = 0
        self._seen: dict[str, list[bytes]] = {table: [] for table in _TABLES}
        self._path = os.path.join(directory, FILE) if directory else ""
        self._database = self._open(directory) if directory else None

    def get(self, key: bytes) -> bytes | None:
        return self._get("facts", key)

    def has(self, key: bytes) -> bool:
        """Whether facts are kept under a key; they may still turn out damaged."""
        if key in self._held["facts"]:
            return True
        return self._attempt(lambda: self._contains(key), False)

    def _contains(self, key: bytes) -> bool:
        assert self._database is not None
        return self._database.execute("SELECT 1 FROM facts WHERE key = ?", (key,)).fetchone() is not None

    def put(self, key: bytes, value: bytes) -> None:
        self._put("facts", key, value)

    def get_result(self, key: bytes) -> bytes | None:
        return self._get("results", key)

    def put_result(self, key: bytes, value: bytes) -> None:
        self._put("results", key, value)

    @property
    def keeps(self) -> bool:
        """Whether what is put here can be asked for again."""
        return self._database is not None

    def close(self) -> None:
        """Effect: writes what was put, notes what was used, and now and then drops what nobody uses."""
        self._write()
        self._attempt(self._note_use, None)
        self._attempt(self._sweep, None)
        if self._database is not None:
            self._attempt(self._database.close, None)
            self._database = None

    def _get(self, table: str, key: bytes) -> bytes | None:
        if key in self._held[table]:
            return self._held[table][key]
        return self._attempt(lambda: self._select(table, key), None)

    def _select(self, table: str, key: bytes) -> bytes | None:
        assert self._database is not None
        row = self._database.execute(f"SELECT value, sum, used FROM {table} WHERE key = ?", (key,)).fetchone()
        if row is None or row[0].__class__ is not bytes or zlib.crc32(row[0], zlib.crc32(key)) != row[1]:
            return None
        if row[2].__class__ is not int or row[2] < self._now - DAY:
            self._seen[table].append(key)
        value: bytes = row[0]
        return value

    def _put(self, table: str, key: bytes, value: bytes) -> None:
        if self._database is None:
            return
        self._held[table][key] = value
        self._held_bytes += len(value)
        if self._held_bytes > HOLD_BYTES:
            self._write()

    def _write(self) -> None:
        self._attempt(self._insert, None)
        self._held = {table: {} for table in _TABLES}
        self._held_bytes = 0

    def _insert(self) -> None:
        assert self._database is not None
        with self._database:
            for table, held in self._held.items():
                rows = [(k, v, zlib.crc32(v, zlib.crc32(k)), self._now) for k, v in held.items()]
                if rows:
                    self._database.executemany(f"INSERT OR REPLACE INTO {table} VALUES (?, ?, ?, ?)", rows)

    def _note_use(self) -> None:
        assert self._database is not None
        with self._database:
            for table, keys in self._seen.items():
                if keys:
                    self._database.executemany(
                        f"UPDATE {table} SET used = ? WHERE key = ?", [(self._now, key) for key in keys]
                    )

    def _sweep(self) -> None:
        """Once a day: what was unused for a month goes, then the oldest until the file is of bounded size."""
        assert self._database is not None
        with self._database:
            (last,) = self._database.execute("SELECT max(at) FROM swept").fetchone()
            if isinstance(last, int) and self._now - DAY < last <= self._now:
                return
            self._database.execute("DELETE FROM swept")
            self._database.execute("INSERT INTO swept VALUES (?)", (self._now,))
            for table in _TABLES:
                self._database.execute(f"DELETE FROM {table} WHERE used < ?", (self._now - UNUSED_DAYS * DAY,))
            if os.path.getsize(self._path) > MOST_BYTES:
                self._drop_oldest(MOST_BYTES * 3 // 4)
        self._database.executescript("PRAGMA incremental_vacuum")  # execute() would free one page

    def _drop_oldest(self, keep: int) -> None:
        assert self._database is not None
        for table in _TABLES:
            total = 0
            rows = self._database.execute(f"SELECT rowid, length(value) FROM {table} ORDER BY used DESC").fetchall()
            for rowid, size in rows:
                total += size
                if total > keep:
                    self._database.execute(f"DELETE FROM {table} WHERE rowid = ?", (rowid,))

    def _open(self, directory: str) -> sqlite3.Connection | None:
        try:
            import sqlite3

            os.makedirs(directory, mode=0o700, exist_ok=True)
            _sign(directory)
        except (ImportError, OSError, ValueError):
            return None
        for _ in range(2):
            connection = None
            try:
                connection = sqlite3.connect(self._path, timeout=WAIT_S, check_same_thread=False)
                _prepare(connection)
                return connection
            except sqlite3.OperationalError:  # locked, read-only, no room: it may be well for others
                _close(connection)
                return None
            except (sqlite3.Error, ValueError):
                _close(connection)
                _remove(self._path)
        return None

    def _attempt(self, action: Callable[[], _T], otherwise: _T) -> _T:
        """What SQLite can't do counts as not there; a file that is damaged is thrown away and not used any more."""
        if self._database is None:
            return otherwise
        import sqlite3

        try:
            return action()
        except sqlite3.OperationalError:
            return otherwise
        except (sqlite3.Error, OSError, ValueError, OverflowError):
            _close(self._database)
            self._database = None
            _remove(self._path)
            return otherwise


def _prepare(connection: sqlite3.Connection) -> None:
    """Effect: makes the tables of a new file. No waiting for the disk: what a power cut damages is a miss."""
    connection.execute("PRAGMA trusted_schema = OFF")
    connection.execute("PRAGMA synchronous = OFF")
    existing = {row[0] for row in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
    if existing >= {*_TABLES, "swept"}:
        return
    connection.execute("PRAGMA auto_vacuum = INCREMENTAL")
    with connection:
        for table in _TABLES:
            connection.execute(
                f"CREATE TABLE IF NOT EXISTS {table} (key BLOB PRIMARY KEY, value BLOB, sum INTEGER, used INTEGER)"
            )
        connection.execute("CREATE TABLE IF NOT EXISTS swept (at INTEGER)")


def _sign(directory: str) -> None:
    """Effect: marks the folder as a cache, so that backups leave it out."""
    path = os.path.join(directory, _SIGNATURE)
    if not os.path.exists(path):
        with open(path, "w", encoding="ascii") as file:
            file.write(_SIGNATURE_TEXT)


def _close(connection: sqlite3.Connection | None) -> None:
    if connection is not None:
        try:
            connection.close()
        except Exception:  # a damaged file may fail here too
            return


def _remove(path: str) -> None:
    for name in (path, path + "-journal"):
        try:
            os.unlink(name)
        except OSError:
            continue
