"""Files of arrays (`.npy`, `.npz`) compared by their numbers, without NumPy, which jaxaudit does not need."""

import ast
import io
import struct
import zipfile
from collections.abc import Iterator
from itertools import chain
from math import isfinite

MAGIC = b"\x93NUMPY"
FORMATS = {"f4": "f", "f8": "d", "f2": "e", "c8": "f", "c16": "d"}
"""Kinds of numbers that rounding may move, as `struct` names them; all others must be equal byte for byte."""
LARGEST = 8 << 20
"""Bytes up to which all numbers are looked at; of larger arrays a part, taken evenly."""


def relative_difference(before: bytes, after: bytes) -> float | None:
    """The largest difference, as a part of the array's peak; None where these are no arrays of the same kind."""
    if before[:2] == after[:2] == b"PK":
        return _of_archives(before, after)
    one, other = _read(before), _read(after)
    if one is None or other is None or one[:3] != other[:3]:
        return None
    kind, order, _, a = one
    b = other[3]
    if a == b:
        return 0.0
    if kind not in FORMATS or len(a) != len(b):
        return None
    return _of_numbers(FORMATS[kind], order, a, b)


def _of_archives(before: bytes, after: bytes) -> float | None:
    try:
        with zipfile.ZipFile(io.BytesIO(before)) as one, zipfile.ZipFile(io.BytesIO(after)) as other:
            if one.namelist() != other.namelist():
                return None
            parts = [relative_difference(one.read(name), other.read(name)) for name in one.namelist()]
    except (zipfile.BadZipFile, OSError, KeyError, RuntimeError):
        return None
    return None if any(part is None for part in parts) else max((part or 0.0 for part in parts), default=0.0)


def _read(data: bytes) -> tuple[str, str, tuple[object, ...], bytes] | None:
    """Kind, byte order, shape and numbers of a `.npy` file."""
    if not data.startswith(MAGIC) or len(data) < 12:
        return None
    long = data[6] > 1
    size = struct.unpack_from("<I" if long else "<H", data, 8)[0]
    start = (12 if long else 10) + size
    try:
        header = ast.literal_eval(data[start - size : start].decode("latin-1"))
        kind, shape = str(header["descr"]), tuple(header["shape"])
    except (ValueError, SyntaxError, KeyError, TypeError):
        return None
    return kind[1:], kind[:1], (header.get("fortran_order"), *shape), data[start:]


def _of_numbers(form: str, order: str, a: bytes, b: bytes) -> float | None:
    size = struct.calcsize(form)
    step = max(1, len(a) // LARGEST)
    peak = apart = 0.0
    for x, y in zip(_numbers(form, order, a, size, step), _numbers(form, order, b, size, step)):
        if x == y or (x != x and y != y):
            peak = max(peak, abs(x)) if isfinite(x) else peak
            continue
        if not (isfinite(x) and isfinite(y)):
            return None
        peak, apart = max(peak, abs(x), abs(y)), max(apart, abs(x - y))
    return apart / peak if peak else 0.0


def _numbers(form: str, order: str, data: bytes, size: int, step: int) -> Iterator[float]:
    whole = len(data) // size
    sign = ">" if order == ">" else "<"
    if step == 1:
        return chain.from_iterable(struct.iter_unpack(f"{sign}{form}", data[: whole * size]))
    return (struct.unpack_from(f"{sign}{form}", data, index * size)[0] for index in range(0, whole, step))
