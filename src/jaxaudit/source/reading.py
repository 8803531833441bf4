"""From paths to linked programs: read, parse or fetch from the cache, group by imports, link one group at a time."""

from __future__ import annotations

import os
import zlib
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from hashlib import blake2b
from pathlib import Path
from typing import Any

from jaxaudit.model import Unread
from jaxaudit.source import facts
from jaxaudit.source.cache import FactsCache, content_key
from jaxaudit.source.files import read_file
from jaxaudit.source.groups import FileRow, groups, imported_files
from jaxaudit.source.lower import lower, pack
from jaxaudit.source.module_names import longer_names, module_name
from jaxaudit.source.newer_python import facts_by_newer_python
from jaxaudit.source.notebook import Notebook, notebook_source
from jaxaudit.source.parse import parse
from jaxaudit.source.program import Program, decoded, split_lines

MOST_CONTEXT = 400
"""So many modules that the given files import are read beside them, for what they say about the given ones."""
PLENTY = 40_000_000
"""So many bytes of facts are held as they are where there is no cache (about 700,000 lines)."""
WORTH_A_POOL = 600_000
"""Bytes to be parsed from which a second process pays (about 20,000 lines)."""

Progress = Callable[[int, int], None]


def read_program(files: Sequence[str], **options: Any) -> Program:
    """One linked program of all these files. What can't be read is in its `unread`, with the reason."""
    sources = Sources(files, **options)
    program = sources.linked(sources.rows())
    program.unread[:0] = sources.unread
    return program


class Sources:
    """The files to check, and the programs that they make once somebody asks for them.

    `digest` names all that was given, so that what was found in the same bytes before can be said again without linking.
    Neither bytes nor facts of all files are held at once: a file is read again when its lines are shown.
    """

    def __init__(
        self,
        files: Sequence[str],
        *,
        cache: Path | None = None,
        jobs: int | None = None,
        progress: Progress | None = None,
        overlay: Mapping[str, bytes] | None = None,
        context: bool = True,
        marked: bytes = b"",
    ) -> None:
        self.store = FactsCache(str(cache) if cache is not None else None)
        self.jobs = jobs or min(os.cpu_count() or 1, 8)
        self.progress = progress
        self.context = context
        self.overlay: dict[str, bytes] = dict(overlay or {})
        self.unread: list[Unread] = []
        self.notebooks: dict[str, Notebook] = {}
        self.given: dict[str, bytes] = {}
        self.beside: dict[str, bytes] = {}
        self.marked: dict[str, bytes] = {}
        """The bytes of the files that hold the words `marked`."""
        self._mark = marked
        self._packed: dict[bytes, bytes] = {}
        self._squeezed: dict[bytes, bytes] = {}
        self._room = PLENTY
        self._ready: dict[bytes, Any] = {}
        """The facts that were unpacked to find the groups, where there are so few that all of them can be held."""
        self._ready_room = PLENTY
        self._lines: dict[str, list[str]] = {}
        self.take(files, self.given)

    # -- bytes -----------------------------------------------------------------------------------------------------

    def take(self, files: Sequence[str], into: dict[str, bytes]) -> None:
        """Reads each file, and parses those whose facts are not kept."""
        waiting: list[tuple[str, bytes, bytes]] = []
        size = 0
        for number, path in enumerate(files, 1):
            if path in self.given or path in self.beside:
                continue
            data = self.bytes_of(path)
            if data is None:
                continue
            if self._mark and self._mark in data:
                self.marked[path] = data
            key = into[path] = content_key(data)
            if not self.holds(key) and not self.store.has(key):
                waiting.append((path, data, key))
                size += len(data)
            if size > 4 * WORTH_A_POOL:
                self.parse_all(waiting, number - len(waiting), len(files))
                waiting, size = [], 0
        self.parse_all(waiting, len(files) - len(waiting), len(files))

    def bytes_of(self, path: str) -> bytes | None:
        data = self.overlay.get(path)
        if data is None:
            read = read_file(path)
            if isinstance(read, Unread):
                self.unread.append(read)
                return None
            data = read[0]
        if path.endswith(".ipynb"):
            notebook = notebook_source(data, path)
            if isinstance(notebook, Unread):
                self.unread.append(notebook)
                return None
            if path not in self.notebooks:
                self.unread += [Unread(path, reason, cell) for cell, reason in notebook.unread]
            self.notebooks[path] = notebook
            data = notebook.source
        return data

    def parse_all(self, waiting: list[tuple[str, bytes, bytes]], done: int, total: int) -> None:
        newer: list[tuple[str, bytes, bytes, Unread]] = []
        for (path, data, key), row in zip(waiting, self.parsed(waiting)):
            done += 1
            if self.progress is not None:
                self.progress(done, total)
            if isinstance(row, Unread):
                newer.append((path, data, key, row))
            else:
                self.keep(key, row)
        if newer:
            read = facts_by_newer_python([(path, data) for path, data, _, _ in newer])
            for path, _, key, unread in newer:
                if path in read:
                    self.keep(key, read[path])
                else:
                    self.unread.append(unread)

    def keep(self, key: bytes, row: bytes) -> None:
        """The facts of one file: in the cache where there is one, else in memory, the later ones squeezed."""
        if self.store.keeps:
            self.store.put(key, row)
        elif self._room > 0:
            self._room -= len(row)
            self._packed[key] = row
        else:
            self._squeezed[key] = zlib.compress(row, 1)

    def holds(self, key: bytes) -> bool:
        return key in self._packed or key in self._squeezed

    def parsed(self, waiting: list[tuple[str, bytes, bytes]]) -> Iterator[bytes | Unread]:
        work = [(path, data) for path, data, _ in waiting]
        if self.jobs > 1 and sum([len(d) for _, d in work]) > WORTH_A_POOL:
            from jaxaudit.source.pool import in_processes

            yield from in_processes(facts_of, work, self.jobs)
            return
        for item in work:
            yield facts_of(item)

    @property
    def digest(self) -> bytes:
        """What was given, whole: paths and bytes."""
        digest = blake2b(digest_size=16)
        for path, key in sorted(self.given.items()):
            digest.update(path.encode("utf-8", "surrogateescape") + b"\0" + key)
        return digest.digest()

    def digest_of(self, rows: Sequence[FileRow]) -> bytes:
        """What a group's verdict depends on: paths and facts. A comment that changes leaves both as they were."""
        digest = blake2b(digest_size=16)
        for row in rows:
            digest.update(f"{row.path}\0{row.name}\0{row.context:d}\0".encode("utf-8", "surrogateescape"))
            digest.update(row.digest)
        return digest.digest()

    def keys_of(self, paths: Iterable[str]) -> dict[str, bytes]:
        """The content keys of files that were read."""
        return {path: key for path in paths if (key := self.given.get(path) or self.beside.get(path)) is not None}

    def still_are(self, keys: Mapping[str, bytes]) -> bool:
        return self.keys_of(keys) == keys

    def same_beside(self, beside: Mapping[str, bytes]) -> bool:
        """Whether the files that were read for context still are as they were."""
        for path, key in beside.items():
            read = read_file(path)
            if isinstance(read, Unread) or content_key(read[0]) != key:
                return False
        return True

    def lines(self, path: str) -> list[str]:
        """The lines of a file; [] when it was not read."""
        found = self._lines.get(path)
        if found is None:
            if len(self._lines) > 256:
                self._lines.clear()
            data = None
            if path in self.notebooks:
                data = self.notebooks[path].source
            elif path in self.given or path in self.beside:
                data = self.bytes_of(path)
            found = self._lines[path] = split_lines(decoded(data or b""))
        return found

    # -- programs --------------------------------------------------------------------------------------------------

    def groups(self) -> list[list[FileRow]]:
        """The files that must be linked together: one program each."""
        return list(groups(self.rows()))

    def rows(self) -> list[FileRow]:
        """The files with what they import: the given ones, and those beside them that they need."""
        rows = [row for path, key in self.given.items() if (row := self.row(path, key, False)) is not None]
        if not self.context:
            return rows
        fresh, budget = rows, MOST_CONTEXT
        while fresh and budget > 0:
            known = {*self.given, *self.beside}
            wanted = [p for p in imported_files(fresh, rows) if p not in known][:budget]
            before, said = set(self.beside), len(self.unread)
            self.take(wanted, self.beside)
            del self.unread[said:]
            fresh = [
                row
                for path, key in self.beside.items()
                if path not in before and (row := self.row(path, key, True)) is not None
            ]
            rows = rows + fresh
            budget -= len(wanted)
        return rows

    def row(self, path: str, key: bytes, context: bool) -> FileRow | None:
        packed = self.packed(key)
        found = facts.unpack(packed) if packed is not None else None
        if found is None or packed is None:
            packed = self.parsed_again(path, key)
            if packed is None:
                return None
            found = facts.unpack(packed)
        self._ready_room -= len(packed)
        if self._ready_room > 0:
            self._ready[key] = found
        else:
            self._ready.clear()
        name, is_package = module_name(path)
        digest = blake2b(packed, digest_size=16).digest()
        return FileRow(
            path, key, name, is_package, longer_names(path), context, found[1], found[2], len(packed), digest
        )

    def parsed_again(self, path: str, key: bytes) -> bytes | None:
        """The facts of a file whose entry in the cache was there and then was not, or was damaged."""
        if any(unread.path == path and not unread.cell for unread in self.unread):
            return None
        data = self.bytes_of(path)
        if data is not None:
            self.parse_all([(path, data, key)], 0, 1)
        return self.packed(key)

    def facts(self, key: bytes) -> Any:
        """The facts of one file; what was unpacked to find the groups is handed out once."""
        ready = self._ready.pop(key, None)
        if ready is not None:
            return ready
        packed = self.packed(key)
        return None if packed is None else facts.unpack(packed)

    def packed(self, key: bytes) -> bytes | None:
        found = self._packed.get(key)
        if found is None and key in self._squeezed:
            found = zlib.decompress(self._squeezed[key])
        return self.store.get(key) if found is None else found

    def linked(self, rows: Sequence[FileRow]) -> Program:
        program = Program(self.lines)
        for row in rows:
            found = self.facts(row.key)
            if found is None:
                self.unread.append(Unread(row.path, "its facts are no longer in the cache: check again"))
                continue
            module = program.add(row.name, row.path, row.is_package, found, context=row.context)
            for longer in row.longer:
                program.modules.setdefault(longer, module)
        program.link()
        return program

    def close(self) -> None:
        """Effect: writes what is new into the cache."""
        self.store.close()


def facts_of(item: tuple[str, bytes]) -> bytes | Unread:
    """One file's packed facts, or why there are none."""
    path, data = item
    tree = parse(data, path)
    if isinstance(tree, Unread):
        return tree
    try:
        return pack(lower(tree))
    except (RecursionError, MemoryError):
        return Unread(path, "nests too deeply to be followed")
