"""Which files must be linked together: those that import each other, however long the chain.

A folder of forty packages is forty programs; so is a folder of forty scripts. Linking them one by one bounds the
memory by the largest, and keeps two files named `train.py` apart.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

from jaxaudit.source.knowledge.transforms_of_libraries import TRANSFORMS

LIBRARIES = frozenset({name.partition(".")[0] for name in TRANSFORMS})
"""Packages that our tables describe: a program that imports one is not linked with its source."""
MOST = 20_000_000
"""Packages are not linked together beyond so many bytes of facts (about 350,000 lines): memory grows with what is linked."""
SMALL = 40
"""Groups of single files are linked together up to so many, because each linking has a fixed cost."""


class FileRow(NamedTuple):
    """One file as far as grouping needs it."""

    path: str
    key: bytes
    name: str
    is_package: bool
    longer: tuple[str, ...]
    context: bool
    imports: tuple[Any, ...]
    stars: tuple[Any, ...]
    size: int
    """Bytes of its facts."""
    digest: bytes


def absolute(name: str, is_package: bool, target: str, level: int) -> str:
    """The dotted name that an import means in the module `name`."""
    if level == 0:
        return target
    parts = name.split(".")
    keep = len(parts) - level + (1 if is_package else 0)
    base = ".".join(parts[: max(keep, 0)])
    return f"{base}.{target}" if base and target else base or target


def root_of(row: FileRow) -> str:
    """The folder on the import path under which a file has its name."""
    root = os.path.dirname(row.path)
    for _ in range(row.name.count(".") + (1 if row.is_package else 0)):
        root = os.path.dirname(root)
    return os.path.normpath(root)


def groups(rows: Sequence[FileRow]) -> Iterator[list[FileRow]]:
    """The files, grouped; context files come with those that import them."""
    members: dict[tuple[str, str], list[FileRow]] = {}
    tops: dict[str, set[tuple[str, str]]] = {}
    for row in rows:
        root = root_of(row)
        own = (root, row.name.partition(".")[0])
        members.setdefault(own, []).append(row)
        for name in (row.name, *row.longer):
            tops.setdefault(name.partition(".")[0], set()).add(own)
    parent = {group: group for group in members}
    sizes = {group: sum([row.size for row in files]) for group, files in members.items()}

    def find(group: tuple[str, str]) -> tuple[str, str]:
        while parent[group] != group:
            parent[group] = group = parent[parent[group]]
        return group

    for group, files in members.items():
        wanted = {absolute(f.name, f.is_package, i[1], i[2]).partition(".")[0] for f in files for i in f.imports}
        wanted |= {absolute(f.name, f.is_package, s[0], s[1]).partition(".")[0] for f in files for s in f.stars}
        for top in sorted(wanted - LIBRARIES):
            for other in sorted(nearest(group, tops.get(top, set()))):
                first, second = find(group), find(other)
                if first != second and sizes[first] + sizes[second] <= MOST:
                    parent[second] = first
                    sizes[first] += sizes[second]
    joined: dict[tuple[str, str], list[FileRow]] = {}
    for group, files in members.items():
        joined.setdefault(find(group), []).extend(files)
    yield from _batches(list(joined.values()))


def nearest(group: tuple[str, str], found: set[tuple[str, str]]) -> set[tuple[str, str]]:
    """Of several groups of one name, those in the same folder if there are some."""
    here = {other for other in found if other[0] == group[0]}
    return here or (found if len(found) == 1 else set())


def _batches(found: list[list[FileRow]]) -> Iterator[list[FileRow]]:
    """Larger groups by themselves; small ones together, as long as no two files claim one name."""
    batch: list[FileRow] = []
    names: set[str] = set()
    for group in sorted(found, key=len):
        if not any(not row.context for row in group):
            continue
        fresh = {name for row in group for name in (row.name, *row.longer)}
        if batch and (len(batch) + len(group) > SMALL or not names.isdisjoint(fresh)):
            yield batch
            batch, names = [], set()
        batch = batch + group
        names |= fresh
    if batch:
        yield batch


def imported_files(rows: Sequence[FileRow], known: Sequence[FileRow]) -> Iterator[str]:
    """Files on disk that these modules import from their own import path and that nobody has named."""
    names = {name for row in known for name in (row.name, *row.longer)}
    seen: set[tuple[str, str]] = set()
    for row in rows:
        if row.path.startswith("<"):
            continue
        root = root_of(row)
        for _, target, level, attr in row.imports:
            dotted = absolute(row.name, row.is_package, target, level)
            if dotted.partition(".")[0] in LIBRARIES:
                continue
            for name in (dotted, f"{dotted}.{attr}" if attr else dotted):
                if not name or name in names or (root, name) in seen:
                    continue
                seen.add((root, name))
                base = os.path.join(root, *name.split("."))
                for path in (f"{base}.py", os.path.join(base, "__init__.py")):
                    if os.path.isfile(path):
                        yield os.path.normpath(path)
                        break
