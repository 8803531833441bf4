"""From paths to a linked program: read, parse or fetch from the cache, lower, link."""

from __future__ import annotations

import gc
import os
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from hashlib import blake2b
from pathlib import Path
from typing import Any

from jaxaudit.model import Unread
from jaxaudit.source import facts
from jaxaudit.source.cache import FactsCache, content_key
from jaxaudit.source.files import read_file
from jaxaudit.source.lower import lower, pack
from jaxaudit.source.module_names import longer_names, module_name
from jaxaudit.source.newer_python import facts_by_newer_python
from jaxaudit.source.notebook import Notebook, notebook_source
from jaxaudit.source.parse import parse
from jaxaudit.source.program import Program, decoded, split_lines

DEEP = 6000
"""Python's recursion limit while values are followed; what nests deeper is reported as unread."""
MOST_CONTEXT = 400
"""So many modules that the given files import are read beside them, for what they say about the given ones."""
WORTH_A_POOL = 600_000
"""Bytes to be parsed from which a second process pays (about 20,000 lines)."""

Progress = Callable[[int, int], None]


def read_program(files: Sequence[str], **options: Any) -> Program:
    """The linked program that these files make. What can't be read is in its `unread`, with the reason."""
    return Sources(files, **options).program


@contextmanager
def _no_collections() -> Iterator[None]:
    """The collector costs as much as the parser while trees are made (measured: 3 times), and finds nothing."""
    enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if enabled:
            gc.enable()


class Sources:
    """The bytes of the files to check, and the program that they make once somebody asks for it.

    `digest` names all that was given, so that what was found in the same bytes before can be said again without linking.
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
    ) -> None:
        self.store = FactsCache(str(cache) if cache is not None else None)
        self.jobs = jobs or 1
        self.progress = progress
        self.context = context
        self.overlay: dict[str, bytes] = dict(overlay or {})
        self.unread: list[Unread] = []
        self.notebooks: dict[str, Notebook] = {}
        self.given: dict[str, tuple[bytes, bytes]] = {}
        self.beside: dict[str, tuple[bytes, bytes]] = {}
        self._program: Program | None = None
        self._lines: dict[str, list[str]] = {}
        self.take(files, self.given)

    # -- bytes -----------------------------------------------------------------------------------------------------

    def take(self, files: Sequence[str], into: dict[str, tuple[bytes, bytes]]) -> None:
        for path in files:
            if path not in self.given and path not in self.beside:
                data = self.bytes_of(path)
                if data is not None:
                    into[path] = (data, content_key(data))

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
            self.notebooks[path] = notebook
            data = notebook.source
        return data

    @property
    def digest(self) -> bytes:
        """What was given, whole: paths and bytes."""
        digest = blake2b(digest_size=16)
        for path, (_, key) in sorted(self.given.items()):
            digest.update(path.encode("utf-8", "surrogateescape") + b"\0" + key)
        return digest.digest()

    def same_beside(self, beside: Mapping[str, bytes]) -> bool:
        """Whether the files that were read for context still are as they were."""
        for path, key in beside.items():
            read = read_file(path)
            if isinstance(read, Unread) or content_key(read[0]) != key:
                return False
        return True

    def lines(self, path: str) -> list[str]:
        """The lines of a file as it was read; [] when it was not."""
        found = self._lines.get(path)
        if found is None:
            data, _ = self.given.get(path) or self.beside.get(path) or (b"", b"")
            found = self._lines[path] = split_lines(decoded(data))
        return found

    # -- the program -----------------------------------------------------------------------------------------------

    @property
    def program(self) -> Program:
        """Effect, the first time: parses what the cache does not know, and links."""
        if self._program is None:
            sys.setrecursionlimit(max(sys.getrecursionlimit(), DEEP))
            self._program = Program(self.lines)
            with _no_collections():
                self.add(self.given, context=False)
                if self.context:
                    self.read_context()
                self._program.link()
            self._program.unread[:0] = self.unread
        return self._program

    def inventory(self) -> list[dict[str, Any]]:
        return self.program.inventory()

    def close(self) -> None:
        """Effect: writes what is new into the cache."""
        self.store.close()

    def add(self, files: Mapping[str, tuple[bytes, bytes]], *, context: bool) -> None:
        program = self._program
        assert program is not None
        rows: dict[str, Any] = {}
        waiting: list[tuple[str, bytes, bytes]] = []
        for path, (data, key) in files.items():
            if path in program.by_path:
                continue
            known = self.store.get(key)
            rows[path] = facts.unpack(known) if known is not None else None
            if rows[path] is None:
                waiting.append((path, data, key))
        self.parse_all(waiting, rows, len(files))
        for path, row in rows.items():
            if row is None or row.__class__ is Unread:
                if row is not None and not context:
                    program.unread.append(row)
                continue
            name, is_package = module_name(path)
            module = program.add(name, path, is_package, row, context=context)
            for longer in longer_names(path):
                program.modules.setdefault(longer, module)

    def parse_all(self, waiting: list[tuple[str, bytes, bytes]], rows: dict[str, Any], total: int) -> None:
        newer: list[tuple[str, bytes, bytes, Unread]] = []
        done = total - len(waiting)
        for (path, data, key), row in zip(waiting, self.parsed(waiting)):
            done += 1
            if self.progress is not None:
                self.progress(done, total)
            if row.__class__ is Unread:
                newer.append((path, data, key, row))
            else:
                rows[path] = facts.unpack(row)
                self.store.put(key, row)
        if not newer:
            return
        read = facts_by_newer_python([(path, data) for path, data, _, _ in newer])
        for path, _, key, unread in newer:
            found = read.get(path)
            unpacked = facts.unpack(found) if found is not None else None
            rows[path] = unpacked if unpacked is not None else unread
            if found is not None and unpacked is not None:
                self.store.put(key, found)

    def parsed(self, waiting: list[tuple[str, bytes, bytes]]) -> Iterator[Any]:
        work = [(path, data) for path, data, _ in waiting]
        if self.jobs > 1 and sum([len(d) for _, d in work]) > WORTH_A_POOL:
            import multiprocessing

            method = "fork" if "fork" in multiprocessing.get_all_start_methods() and sys.platform == "linux" else "spawn"
            with multiprocessing.get_context(method).Pool(self.jobs) as pool:
                yield from pool.imap(facts_of, work, chunksize=8)
            return
        for item in work:
            yield facts_of(item)

    def read_context(self) -> None:
        """Modules beside the given files that these import: known to the rules, but nothing is reported of them."""
        budget = MOST_CONTEXT
        while budget > 0:
            wanted = [p for p in self.imported_files() if p not in self.given and p not in self.beside][:budget]
            if not wanted:
                return
            before, said = dict(self.beside), len(self.unread)
            self.take(wanted, self.beside)
            del self.unread[said:]
            self.add({p: x for p, x in self.beside.items() if p not in before}, context=True)
            budget -= len(wanted)

    def imported_files(self) -> Iterator[str]:
        seen: set[str] = set()
        program = self._program
        assert program is not None
        for module in list(program.by_path.values()):
            if module.path.startswith("<"):
                continue
            root = Path(module.path).parent
            for _ in range(module.name.count(".") + (1 if module.is_package else 0)):
                root = root.parent
            for _, target, level, attr in module.imports:
                dotted = program.absolute(module, target, level)
                for name in (dotted, f"{dotted}.{attr}" if attr else dotted):
                    if name in seen or name in program.modules or not name:
                        continue
                    base = os.path.join(root, *name.split("."))
                    for path in (f"{base}.py", os.path.join(base, "__init__.py")):
                        if os.path.isfile(path):
                            seen.add(name)
                            yield os.path.normpath(path)
                            break


def facts_of(item: tuple[str, bytes]) -> bytes | Unread:
    """One file's packed facts, or why there are none."""
    path, data = item
    tree = parse(data, path)
    if isinstance(tree, Unread):
        return tree
    try:
        return pack(lower(tree, data))
    except (RecursionError, MemoryError):
        return Unread(path, "nests too deeply to be followed")
