"""A change as a unified diff that `git apply -p1` and `patch -p1` take from the working directory."""

import difflib
import os
from collections.abc import Iterator

NO_NEWLINE = b"\\ No newline at end of file\n"


def unified_diff(path: str, before: bytes, after: bytes, context: int = 3) -> bytes:
    """The diff in the file's own bytes: any encoding and newline style survives. Empty when nothing changed."""
    if before == after:
        return b""
    lines = difflib.diff_bytes(
        difflib.unified_diff,
        _split(before),
        _split(after),
        _header("a", path),
        _header("b", path),
        n=context,
    )
    return b"".join(_ended(lines))


def _ended(lines: Iterator[bytes]) -> Iterator[bytes]:
    for line in lines:
        yield line if line.endswith(b"\n") else line + b"\n" + NO_NEWLINE


def _split(data: bytes) -> list[bytes]:
    """Lines as git and patch see them: only \\n ends one, a \\r before it is part of it."""
    lines = [line + b"\n" for line in data.split(b"\n")]
    return lines[:-1] if data.endswith(b"\n") or not data else [*lines[:-1], lines[-1][:-1]]


def _header(side: str, path: str) -> bytes:
    """`a/path`; a path with a blank ends in a tab, one with a sign that would break the line is quoted as git does."""
    name = f"{side}/{path.replace(os.sep, '/').lstrip('/')}"
    if any(sign in '"\\' or ord(sign) < 32 for sign in name):
        return b'"' + b"".join(_escaped(byte) for byte in os.fsencode(name)) + b'"'
    return os.fsencode(name) + (b"\t" if " " in name else b"")


def _escaped(byte: int) -> bytes:
    if byte in b'"\\':
        return b"\\" + bytes([byte])
    return bytes([byte]) if 32 <= byte < 127 else b"\\%03o" % byte
