"""Reads of arrays that were donated or deleted: the error of JAX's, also where the program catches it and goes on."""

from __future__ import annotations

from typing import Any

from jaxaudit_probe import call_paths, names, private, raised
from jaxaudit_probe.compiles import Observer

MOST = 50


class Deleted:
    def __init__(self, observer: Observer) -> None:
        self.observer = observer
        self.told: set[tuple[str, int]] = set()

    def read(self, array: Any, error: BaseException) -> None:
        """Effect: the user's line is told, once."""
        if not isinstance(error, RuntimeError) or not private.is_array(array) or not private.is_gone(array):
            return
        frame = names.user_frame(3)
        at = names.at_of(frame)
        if frame is None or at is None or at[:2] in self.told or len(self.told) > MOST:
            return
        self.told.add(at[:2])
        value = call_paths.value_read(frame.f_code, frame.f_lasti)
        kind = type(error)
        self.observer.writer.put(
            "raised", type=kind.__qualname__, module=kind.__module__, text=str(error)[: raised.LONGEST], at=at._asdict(),
            site=None, arguments={value: "deleted"}, callers=raised.callers(frame),
        )  # fmt: skip
