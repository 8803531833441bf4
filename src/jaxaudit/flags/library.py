"""Reads the flag names out of a jaxlib's shared library. Nothing of it is run or imported.

The library holds the serialized description of `xla/xla.proto`, whose message DebugOptions lists the options, and
each flag's name as a text that ends in a zero byte.
"""

import mmap
import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import NamedTuple

PROTO_NAME = b"xla/xla.proto"
WINDOW = 16 << 20
"""So many bytes of the library are looked at before they are given back; a multiple of every page size."""
SITE_PACKAGES = ("lib/python*/site-packages", "lib64/python*/site-packages", "Lib/site-packages")


class LibraryFlags(NamedTuple):
    """`names` may be flags (texts like `xla_...`).

    `options` are the fields of DebugOptions: name -> "deprecated" or "". `kinds` are those of one bool, int or float.
    """

    names: frozenset[str]
    options: dict[str, str]
    kinds: Mapping[str, str] = MappingProxyType({})


class Jaxlib(NamedTuple):
    """An installed jaxlib: its version, and the shared library that holds XLA."""

    version: str
    library: Path


def installed_jaxlib(prefix: Path) -> Jaxlib | None:
    """The jaxlib of the interpreter or environment at `prefix`, found by looking at files."""
    for site in _site_packages(prefix):
        folder = site / "jaxlib"
        if folder.is_dir():
            library = _largest_library(folder)
            if library is not None:
                return Jaxlib(_version(site, folder), library)
    return None


def _site_packages(prefix: Path) -> Iterator[Path]:
    for pattern in SITE_PACKAGES:
        yield from sorted(prefix.glob(pattern), reverse=True)
    config = prefix / "pyvenv.cfg"
    text = config.read_text(encoding="utf-8", errors="replace") if config.is_file() else ""
    options = dict(line.split(" = ", 1) for line in text.splitlines() if " = " in line)
    if options.get("include-system-site-packages") == "true" and "home" in options:
        yield from _site_packages(Path(options["home"]).parent)


def _largest_library(folder: Path) -> Path | None:
    found = [p for pattern in ("*.so", "*.dylib", "*.pyd") for p in folder.glob(pattern) if p.is_file()]
    return max(found, key=lambda p: p.stat().st_size, default=None)


def _version(site: Path, folder: Path) -> str:
    for info in sorted(site.glob("jaxlib-*.dist-info"), reverse=True):
        return info.name[len("jaxlib-") : -len(".dist-info")]
    for line in _lines(folder / "version.py"):
        if line.startswith(("__version__ =", "_version =")) and line.count('"') == 2:
            return line.split('"')[1]
    return "of unknown version"


def _lines(path: Path) -> list[str]:
    return path.read_text(encoding="utf-8", errors="replace").splitlines() if path.is_file() else []


def read_flags(library: Path) -> LibraryFlags:
    """Every name in the library that can be a flag. Raises OSError where the file can't be read."""
    with library.open("rb") as file:
        if os.fstat(file.fileno()).st_size == 0:
            return LibraryFlags(frozenset(), {}, {})
        with mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as view:
            fields = _debug_options(view)
            kinds = {name: kind for name, _, kind in fields if kind}
            return LibraryFlags(frozenset(_texts(view)), {name: mark for name, mark, _ in fields}, kinds)


_NAME_BYTES = frozenset(b"abcdefghijklmnopqrstuvwxyz0123456789_")


def _texts(view: mmap.mmap) -> Iterator[str]:
    for at in _places(view, b"xla_"):
        end = view.find(b"\0", at, at + 100)
        if end > at + 6:
            text = view[at:end]
            if _NAME_BYTES.issuperset(text):
                yield text.decode()


def _places(view: mmap.mmap, wanted: bytes) -> Iterator[int]:
    """Where it stands. The pages behind are given back: the library is larger than all else that a check holds."""
    release = getattr(mmap, "MADV_DONTNEED", None)
    for start in range(0, len(view), WINDOW):
        at = view.find(wanted, start, start + WINDOW + len(wanted) - 1)
        while at >= 0:
            yield at
            at = view.find(wanted, at + 1, start + WINDOW + len(wanted) - 1)
        if release is not None:
            view.madvise(release, start, min(WINDOW, len(view) - start))


# -- the serialized description: fields are (number, wire type), see the protobuf encoding -----------------------------


_KINDS: dict[int | bytes, str] = {1: "float", 2: "float", 3: "int", 4: "int", 5: "int", 8: "bool", 13: "int"}
"""The types of protobuf whose flags XLA reads as numbers or truth values. The text of a repeated field is a list."""
_REPEATED = 3

Option = tuple[str, str, str]
"""Name, "deprecated" or "", and the kind of its value."""


def _debug_options(view: mmap.mmap) -> list[Option]:
    header = b"\n" + bytes([len(PROTO_NAME)]) + PROTO_NAME
    for at in _places(view, header):
        found = _options_of_file(view, at)
        if found:
            return found
    return []


def _options_of_file(view: mmap.mmap, start: int) -> list[Option]:
    for number, message in _fields(view, start, min(start + 4_000_000, len(view))):
        if number == 4 and isinstance(message, bytes) and _text_field(message, 1) == "DebugOptions":
            return [_option(f) for n, f in _fields(message, 0, len(message)) if n == 2 and isinstance(f, bytes)]
    return []


def _option(field: bytes) -> Option:
    parts = dict(_fields(field, 0, len(field)))
    options = parts.get(8, b"")
    deprecated = isinstance(options, bytes) and any(n == 3 and f == 1 for n, f in _fields(options, 0, len(options)))
    kind = "" if parts.get(4) == _REPEATED else _KINDS.get(parts.get(5, 0), "")
    return _text_field(field, 1), "deprecated" if deprecated else "", kind


def _text_field(message: bytes, wanted: int) -> str:
    for number, value in _fields(message, 0, len(message)):
        if number == wanted and isinstance(value, bytes):
            return value.decode("utf-8", "replace")
    return ""


def _fields(data: bytes | mmap.mmap, at: int, end: int) -> Iterator[tuple[int, int | bytes]]:
    """The fields of a message while they make sense: the description ends where they stop."""
    while at < end:
        tag, at = _varint(data, at, end)
        number, wire = tag >> 3, tag & 7
        if not 0 < number < 1000:
            return
        if wire == 0:
            value, at = _varint(data, at, end)
            yield number, value
        elif wire == 2:
            size, at = _varint(data, at, end)
            if at + size > end:
                return
            yield number, data[at : at + size]
            at += size
        elif wire in (1, 5):
            at += 8 if wire == 1 else 4
        else:
            return


def _varint(data: bytes | mmap.mmap, at: int, end: int) -> tuple[int, int]:
    value = shift = 0
    while at < end and shift < 64:
        byte = data[at]
        at += 1
        value |= (byte & 127) << shift
        if byte < 128:
            return value, at
        shift += 7
    return 0, end
