"""From paths to a linked program: read, parse or fetch from the cache, lower, link."""

from __future__ import annotations

import gc
import os
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from jaxaudit.model import Unread
from jaxaudit.source import facts
from jaxaudit.source.cache import FactsCache, content_key
from jaxaudit.source.files import read_file
from jaxaudit.source.lower import lower, pack
from jaxaudit.source.module_names import longer_names, module_name
from jaxaudit.source.newer_python import facts_by_newer_python
from jaxaudit.source.notebook import notebook_source
from jaxaudit.source.parse import parse
from jaxaudit.source.program import Program

DEEP = 6000
"""Python's recursion limit while values are followed; what nests deeper is reported as unread."""
MOST_CONTEXT = 400
"""So many modules that the given files import are read beside them, for what they say about the given ones."""
WORTH_A_POOL = 600_000
"""Bytes to be parsed from which a second process pays (about 20,000 lines)."""

Progress = Callable[[int, int], None]


def read_program(
    files: Sequence[str],
    *,
    cache: Path | None = None,
    jobs: int | None = None,
    progress: Progress | None = None,
    overlay: Mapping[str, bytes] | None = None,
    context: bool = True,
) -> Program:
    """The program that these files make. What can't be read is in its `unread`, with the reason."""
    sys.setrecursionlimit(max(sys.getrecursionlimit(), DEEP))
    store = FactsCache(str(cache)) if cache is not None else FactsCache(None)
    reader = _Reader(store, overlay or {}, jobs or 1, progress)
    with _no_collections():
        try:
            reader.read(files, context=False)
            if context:
                reader.read_context()
        finally:
            store.close()
        reader.program.link()
    return reader.program


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


class _Reader:
    def __init__(self, store: FactsCache, overlay: Mapping[str, bytes], jobs: int, progress: Progress | None) -> None:
        self.store = store
        self.overlay = overlay
        self.jobs = jobs
        self.progress = progress
        self.program = Program()
        self.program.overlay = dict(overlay)

    def read(self, files: Sequence[str], *, context: bool) -> None:
        rows: dict[str, Any] = {}
        waiting: list[tuple[str, bytes, bytes]] = []
        for path in files:
            if path in self.program.by_path or path in rows:
                continue
            data = self.bytes_of(path)
            if data is None:
                continue
            key = content_key(data)
            known = self.store.get(key)
            found = facts.unpack(known) if known is not None else None
            if found is not None:
                rows[path] = found
            else:
                rows[path] = None
                waiting.append((path, data, key))
        self.parse_all(waiting, rows, len(files))
        for path, row in rows.items():
            if row is None or row.__class__ is Unread:
                if row is not None and not context:
                    self.program.unread.append(row)
                continue
            name, is_package = module_name(path)
            module = self.program.add(name, path, is_package, row, context=context)
            for longer in longer_names(path):
                self.program.modules.setdefault(longer, module)

    def bytes_of(self, path: str) -> bytes | None:
        data = self.overlay.get(path)
        if data is None:
            read = read_file(path)
            if isinstance(read, Unread):
                self.program.unread.append(read)
                return None
            data = read[0]
        if path.endswith(".ipynb"):
            notebook = notebook_source(data, path)
            if isinstance(notebook, Unread):
                self.program.unread.append(notebook)
                return None
            self.program.notebooks[path] = notebook
            data = self.program.overlay[path] = notebook.source
        return data

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
            wanted = [p for p in self.imported_files() if p not in self.program.by_path][:budget]
            before = len(self.program.by_path)
            self.read(wanted, context=True)
            if len(self.program.by_path) == before:
                return
            budget -= len(wanted)

    def imported_files(self) -> Iterator[str]:
        seen: set[str] = set()
        for module in list(self.program.by_path.values()):
            if module.path.startswith("<"):
                continue
            root = Path(module.path).parent
            for _ in range(module.name.count(".") + (1 if module.is_package else 0)):
                root = root.parent
            for _, target, level, attr in module.imports:
                dotted = self.program.absolute(module, target, level)
                for name in (dotted, f"{dotted}.{attr}" if attr else dotted):
                    if name in seen or name in self.program.modules or not name:
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
