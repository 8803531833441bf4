"""Which line of the user's put an array where it lies on purpose (committed it): by the array, else by the place.

What is computed from a committed array is committed too, and calls that JAX's C++ cache answers are not seen. So each
place also knows its lines: where a single one ever committed to it, that is the one.
"""

from __future__ import annotations

import functools
import weakref
from typing import Any, NamedTuple

from jaxaudit_probe import names, private

TYPE_CHECKING = False
if TYPE_CHECKING:
    from jaxaudit_probe.compiles import Observer
    from jaxaudit_probe.frames import Site

MOST_ARRAYS = 20_000
MOST_PLACES = 200
MOST_LINES = 5_000
LOOKS = 64
EXACT, STRIDE = 500, 32
"""The first puts are all looked at, later one of so many: a program may put each of its batches."""


class Put(NamedTuple):
    """The line, and what it did: `device_put`, `make_array_from_callback`, the shardings of a jitted function."""

    at: names.At
    how: str

    def __str__(self) -> str:
        return f"{self.how} at {names.shown(self.at.path, self.at.line)}"


_arrays: dict[int, tuple[weakref.ref[Any], Put]] = {}
_lines: dict[tuple[str, int, str], tuple[Put, list[int]]] = {}
_places: dict[str, dict[tuple[str, int], Put]] = {}


def put(array: Any, how: str, depth: int = 3) -> None:
    """Effect: remembers the user's line that is running now, unless the array has one already."""
    number = id(array)
    known = _arrays.get(number)
    if known is not None and known[0]() is array:
        return
    frame = names.user_frame(depth)
    if frame is None or not private.is_committed(array):
        return
    key = (frame.f_code.co_filename, frame.f_lineno, how)
    line = _lines.get(key)
    if line is None:
        at = names.at_of(frame)
        if at is None or len(_lines) >= MOST_LINES:
            return
        line = _lines[key] = (Put(at, how), [LOOKS])
    said, looks = line
    if looks[0] > 0:
        looks[0] -= 1
        _remember(private.placement(array)[0], said)
    if len(_arrays) < MOST_ARRAYS:
        _arrays[number] = weakref.ref(array, functools.partial(_forget, number)), said


def _forget(number: int, gone: Any) -> None:
    known = _arrays.get(number)
    if known is not None and known[0] is gone:
        del _arrays[number]


def _remember(where: str, said: Put) -> None:
    lines = _places.get(where)
    if lines is None and len(_places) < MOST_PLACES:
        lines = _places[where] = {}
    if lines is not None and len(lines) < 2:
        lines.setdefault((said.at.path, said.at.line), said)


def who_put(array: Any, where: str) -> Put | None:
    """The line that committed this array; else the only one that committed anything to its place."""
    known = _arrays.get(id(array))
    if known is not None and known[0]() is array:
        return known[1]
    lines = _places.get(where, {})
    return next(iter(lines.values())) if len(lines) == 1 else None


def install(observer: Observer) -> None:
    def told(array: Any, how: str) -> None:
        if type(array) is private.ArrayImpl:
            observer.quietly(put, array, how)

    count = [0]

    def putting(original: Any) -> Any:
        def impl(*xs: Any, devices: Any, **more: Any) -> Any:
            made = original(*xs, devices=devices, **more)
            count[0] += 1
            if count[0] > EXACT and count[0] % STRIDE:
                return made
            for array, device in zip(made, devices):
                if device is not None:
                    told(array, "device_put")
            return made

        return impl

    def making(original: Any) -> Any:
        @functools.wraps(original)
        def make(*args: Any, **kwargs: Any) -> Any:
            array = original(*args, **kwargs)
            told(array, original.__name__)
            return array

        return make

    def traced(site: Site, program: Any, at: names.At | None) -> None:
        """What a jitted function's own shardings commit."""
        entry = observer.local.last_entry
        for where in private.places_of(entry[1]) if entry is not None else ():
            _remember(where, Put(names.At(site.path, site.line, site.name), f"the shardings of `{site.name}`"))

    private.hook_commits(putting, making)
    observer.on_trace.append(traced)


def uninstall() -> None:
    _arrays.clear()
    _lines.clear()
    _places.clear()
