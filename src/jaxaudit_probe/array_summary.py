"""What an array holds, in a few figures and a bounded part of its numbers: enough to say later how far another one is apart.

NumPy is taken from the program, which has it because JAX has. Waits for the device; counts as nobody's read.
"""

from __future__ import annotations

import sys
from hashlib import blake2b
from typing import Any

from jaxaudit_probe import private

WHOLE = 1 << 28
"""Bytes of an array that are all looked at; of a larger one, a part that is taken evenly."""
PIECE = 1 << 20
LARGE = 1e150
"""Numbers whose squares can't be added up have no norm."""
REALS = {"complex64": "float32", "complex128": "float64"}


def array_of(value: Any) -> Any:
    """The numbers on the host; None for what holds none, or holds them in another process."""
    numpy = sys.modules["numpy"]
    if private.is_array(value):
        return private.host_array(value)
    if isinstance(value, (numpy.ndarray, numpy.generic)):
        return numpy.asarray(value) if not value.dtype.hasobject else None
    return None


def token(value: Any) -> str:
    """A word that is the same for two inputs that hold the same; "" for what is no array and no number.

    A number is the same as an array of one number, and in single precision: constants become arguments and back.
    """
    numpy = sys.modules["numpy"]
    if isinstance(value, (bool, int, float, complex)):
        held = numpy.asarray(complex(value))
    else:
        if private.is_array(value) and private.is_gone(value):
            return "gone"
        held = array_of(value)
        if held is None:
            return ""
    if not held.shape and held.dtype.kind in "biufc":
        return "number " + str(numpy.complex64(held))
    return f"{held.dtype}{list(held.shape)} {_digest(_part(held, WHOLE))}"


def summary(value: Any, most: int) -> tuple[dict[str, Any], bytes] | None:
    """The figures of an array, and at most that many bytes of its numbers; None for what is no array."""
    numpy = sys.modules["numpy"]
    held = array_of(value)
    if held is None:
        return None
    name = str(held.dtype)
    seen = _part(held, WHOLE)
    told: dict[str, Any] = {
        "dtype": str(getattr(value, "dtype", name)), "shape": list(getattr(value, "shape", held.shape)),
        "digest": _digest(seen),
    }  # fmt: skip
    if told["dtype"].startswith("key<") or seen.size == 0:
        return told, b""
    numbers = _as_floats(seen)
    if numbers is None:
        return told, b""
    told |= _figures(numbers)
    kept = _part(numbers, most)
    if "odd" in told:
        kept = numpy.nan_to_num(kept, nan=0.0, posinf=0.0, neginf=0.0)
    told["form"] = "f" if kept.dtype.itemsize == 4 else "d"
    told["step"] = -(-held.size // max(1, kept.size)) if kept.size < numbers.size or seen.size < held.size else 1
    return told, kept.tobytes()


def _figures(numbers: Any) -> dict[str, Any]:
    """Peak, norm, whether all are whole, and where they are not finite; in pieces, for a copy of all may be too much."""
    numpy = sys.modules["numpy"]
    peak = squares = 0.0
    whole, odd, marks = True, False, blake2b(digest_size=12)
    for start in range(0, numbers.size, PIECE):
        piece = numbers[start : start + PIECE].astype(numpy.float64)
        finite = numpy.isfinite(piece)
        if not finite.all():
            odd = True
            marks.update(
                b"%d" % start + numpy.packbits(finite).tobytes() + numpy.packbits(numpy.isnan(piece)).tobytes()
            )
            piece = numpy.where(finite, piece, 0.0)
        peak = max(peak, float(numpy.abs(piece).max()))
        squares += float(numpy.dot(piece, piece)) if peak < LARGE else float("inf")
        whole = whole and bool((piece == numpy.floor(piece)).all())
    told: dict[str, Any] = {"peak": peak, "norm": squares**0.5 if squares < float("inf") else 0.0, "whole": whole}
    return told | {"odd": marks.hexdigest()} if odd else told


def _as_floats(array: Any) -> Any:
    """Real numbers in single or double precision, in the machine's byte order, without a shape."""
    numpy = sys.modules["numpy"]
    name = str(array.dtype)
    if name in REALS:
        array = array.view(REALS[name])
    elif array.dtype.kind in "biu" or name.startswith(("int", "uint", "bool")):
        array = array.astype(numpy.float64)
    elif array.dtype.kind == "V" or array.dtype.itemsize < 4:
        try:
            array = array.astype(numpy.float32)
        except (TypeError, ValueError):
            return None
    if array.dtype.kind != "f":
        return None
    return array.astype(array.dtype.newbyteorder("="), copy=False)


def _part(array: Any, most: int) -> Any:
    """Without its shape; of a large one, every so many numbers."""
    numpy = sys.modules["numpy"]
    flat = numpy.ascontiguousarray(array).reshape(-1)
    step = -(-flat.nbytes // max(most, 1))
    return flat if step <= 1 else numpy.ascontiguousarray(flat[::step])


def _digest(array: Any) -> str:
    numpy = sys.modules["numpy"]
    return blake2b(numpy.ascontiguousarray(array).view(numpy.uint8), digest_size=12).hexdigest()
