"""Which XLA flags a jaxlib knows: asked of the library that is installed, else of a dated table."""

import json
from collections.abc import Mapping
from contextlib import suppress
from difflib import get_close_matches
from functools import cache
from pathlib import Path
from types import MappingProxyType
from typing import Any, Literal, NamedTuple

from jaxaudit.flags.library import Jaxlib, LibraryFlags, installed_jaxlib, read_flags

Verdict = Literal["known", "removed", "unknown", "other-plugin"]

OTHER_PLUGINS = (
    "xla_tpu_",
    "xla_sc_",
    "xla_jf_",
    "xla_vf_",
    "xla_pf_",
    "xla_mosaic_",
    "xla_xpu_",
    "xla_metal_",
    "megascale_",
)
"""Flags of a TPU's or another plugin's own library, which is not read here: they are not judged."""


class Table(NamedTuple):
    """`known_flags.json`: for each name one letter a version.

    "b" a flag that is a compiler option too, "f" a flag only, "o" an option only (XLA_FLAGS rejects it), "-" neither.
    """

    date: str
    versions: tuple[str, ...]
    marks: dict[str, str]
    dropped_earlier: dict[str, str]
    kinds: Mapping[str, str] = MappingProxyType({})

    def accepts(self, name: str, version: str) -> bool:
        return self._mark(name, version) in "bf"

    def is_option_only(self, name: str) -> bool:
        return name in self.marks and not set(self.marks[name]) & set("bf")

    def accepted_in(self, name: str) -> list[str]:
        return [v for v, mark in zip(self.versions, self.marks.get(name, "")) if mark in "bf"]

    def library(self, version: str) -> LibraryFlags:
        """What reading the library of a version in the table would tell: the two were found alike for every version."""
        options = {name: "" for name in self.marks if self._mark(name, version) in "bo"}
        names = frozenset([name for name in self.marks if self.accepts(name, version)])
        return LibraryFlags(names, options, {name: kind for name, kind in self.kinds.items() if name in options})

    def _mark(self, name: str, version: str) -> str:
        return self.marks[name][self.versions.index(version)] if name in self.marks else "-"


class FlagCatalogue(NamedTuple):
    """What one jaxlib says of flags. `version` is "" when no jaxlib was found and the table's newest one answers."""

    source: str
    version: str
    table: Table
    read: LibraryFlags | None

    @property
    def is_installed(self) -> bool:
        """False: the answers come from the table's newest version, the user's own may differ."""
        return self.read is not None

    def knows(self, name: str) -> Verdict:
        """What becomes of `--name` in XLA_FLAGS: "unknown" and "removed" abort the process."""
        if name.startswith(OTHER_PLUGINS):
            return "other-plugin"
        if self._accepts(name):
            return "known"
        return "removed" if self.removed_in(name) else "unknown"

    def knows_option(self, name: str) -> bool:
        """Whether `compiler_options={name: ...}` of `jax.jit` accepts the name."""
        if self.read is not None and self.read.options:
            return name in self.read.options
        return self.table.marks.get(name, "-")[-1] in "bo"

    def kind(self, name: str) -> str:
        """ "bool", "int" or "float" where the value must be one; "" for texts, lists and named choices."""
        read = self.read.kinds if self.read is not None else {}
        return (read or self.table.kinds).get(name, "")

    def nearest(self, name: str) -> str | None:
        """The known flag that is written most like this one."""
        found = get_close_matches(name, self.names(), n=1, cutoff=0.8)
        return found[0] if found else None

    def names(self) -> list[str]:
        """All flags that this jaxlib accepts, as far as the table and the library tell."""
        options = self.read.options if self.read is not None else {}
        return sorted(n for n in {*self.table.marks, *options} if self._accepts(n))

    def removed_in(self, name: str) -> str | None:
        """The first version in the table without a flag that had been there ("0.8.3"), or the month in which the source
        of XLA dropped it ("2024-04"); None where it was never there or still is."""
        had = self.table.accepted_in(name)
        if not had:
            return self.table.dropped_earlier.get(name)
        after = self.table.versions[self.table.versions.index(had[-1]) + 1 :]
        if not after or (self.version and _older(self.version, had[0])):
            return None
        return after[0]

    def _accepts(self, name: str) -> bool:
        if self.version in self.table.versions:
            return self.table.accepts(name, self.version)
        if self.read is None:
            return self.table.accepts(name, self.table.versions[-1])
        # A name that the library holds as a text is a flag, unless the table knows it as a mere option: so it was for
        # all flags of the table's versions but one (`tests/flags` counts).
        return name in self.read.names and not self.table.is_option_only(name)


def load_catalogue(prefix: Path | None, cache_folder: Path | None = None) -> FlagCatalogue:
    """The catalogue of the jaxlib in the environment at `prefix`, else the table.

    A library is read only where the table does not have its version. `cache_folder`: Effect: what was read from a
    library (half a second) is kept there by its size and time.
    """
    table = known_table()
    jaxlib = installed_jaxlib(prefix) if prefix is not None else None
    if jaxlib is not None:
        try:
            known = jaxlib.version in table.versions
            read = table.library(jaxlib.version) if known else _read_cached(jaxlib, cache_folder)
        except (OSError, ValueError):
            read = None
        if read is not None and read.names:
            return FlagCatalogue(f"jaxlib {jaxlib.version} installed at {prefix}", jaxlib.version, table, read)
    return FlagCatalogue(f"table of {table.date} (jaxlib {table.versions[-1]})", "", table, None)


@cache
def known_table() -> Table:
    """The table that is shipped with jaxaudit."""
    data = json.loads((Path(__file__).parent / "known_flags.json").read_text(encoding="utf-8"))
    kinds = {name: kind for kind, names in data["kinds"].items() for name in names}
    return Table(data["date"], tuple(data["versions"]), data["flags"], data["dropped_earlier"], kinds)


def _read_cached(jaxlib: Jaxlib, cache_folder: Path | None) -> LibraryFlags:
    if cache_folder is None:
        return read_flags(jaxlib.library)
    stamp = jaxlib.library.stat()
    entry = cache_folder / f"xla-flags-{jaxlib.version}-{stamp.st_size}-{stamp.st_mtime_ns}.json"
    found = _cached(entry)
    if found is None:
        found = read_flags(jaxlib.library)
        _keep(entry, found)
    return found


def _cached(entry: Path) -> LibraryFlags | None:
    try:
        data: Any = json.loads(entry.read_text(encoding="utf-8"))
        return LibraryFlags(frozenset(data["names"]), dict(data["options"]), dict(data["kinds"]))
    except (OSError, ValueError, KeyError, TypeError):
        return None


def _keep(entry: Path, found: LibraryFlags) -> None:
    """Effect: writes the cache entry; a folder that can't be written is no reason to stop."""
    part = entry.with_suffix(f".{id(found)}.part")
    try:
        entry.parent.mkdir(parents=True, exist_ok=True)
        part.write_text(json.dumps(found._asdict() | {"names": sorted(found.names)}), encoding="utf-8")
        part.replace(entry)
    except OSError:
        with suppress(OSError):
            part.unlink(missing_ok=True)


def _older(version: str, than: str) -> bool:
    return _numbers(version) < _numbers(than)


def _numbers(version: str) -> list[int]:
    return [int(part) for part in version.split(".") if part.isdigit()]
