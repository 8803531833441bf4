"""Uses of arrays that were donated or deleted: the error of JAX's, also where the program catches it and goes on."""

from __future__ import annotations

import ast
from types import FrameType
from typing import Any

from jaxaudit_probe import call_paths, names, private, raised, stand_ins
from jaxaudit_probe.compiles import Observer

MOST = 50


class Deleted:
    def __init__(self, observer: Observer) -> None:
        self.observer = observer
        self.told: set[tuple[str, int]] = set()
        private.hook_deleted(self.checking)

    def checking(self, original: Any) -> Any:
        def _check_if_deleted(array: Any) -> Any:
            try:
                return original(array)
            except RuntimeError as error:
                self.quietly(array, error)
                stand_ins.passing(error)
                raise

        return _check_if_deleted

    def quietly(self, array: Any, error: BaseException) -> None:
        try:
            self.read(array, error)
        except Exception as fault:
            self.observer.note(f"deleted: {type(fault).__name__}: {fault}")

    def read(self, array: Any, error: BaseException) -> None:
        """Effect: the user's line is told, once."""
        if not isinstance(error, RuntimeError) or not private.is_array(array) or not private.is_gone(array):
            return
        frame = names.user_frame(3)
        at = names.at_of(frame)
        if frame is None or at is None or at[:2] in self.told or len(self.told) > MOST:
            return
        self.told.add(at[:2])
        value = _used(frame)
        kind = type(error)
        self.observer.writer.put(
            "raised", type=kind.__qualname__, module=kind.__module__, text=str(error)[: raised.LONGEST], at=at._asdict(),
            site=None, arguments={value: "deleted"}, callers=raised.callers(frame),
        )  # fmt: skip


def _used(frame: FrameType) -> str:
    """`state` in `np.asarray(state)`, and in `state[1]`; "" where that is not to be seen."""
    text = call_paths.value_read(frame.f_code, frame.f_lasti)
    try:
        read = ast.parse(text, mode="eval").body
    except SyntaxError:
        return text
    while isinstance(read, ast.Subscript):
        read = read.value
    return ast.unparse(read)
