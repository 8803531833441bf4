"""Settings of JAX and XLA that the program makes after JAX was imported: which, by which line, and what had begun by then.

The environment is seen where Python hands it on (`os.putenv`), JAX's options where `jax.config.update` looks them up: no
frame of ours is on the stack while a value is checked. Whether a setting came too late is for the reader of the record.
"""

from __future__ import annotations

import os
import sys
from types import FrameType
from typing import Any

from jaxaudit_probe import call_paths, names, private, stand_ins
from jaxaudit_probe.compiles import Observer

PREFIXES = (b"JAX_", b"XLA_", b"LIBTPU_INIT_ARGS", b"CUDA_VISIBLE_DEVICES", b"ROCR_VISIBLE_DEVICES")
MOST = 100


class Made:
    """One setting as it was made, and what stood there before."""

    def __init__(self, name: str, how: str, before: Any, at: names.At, via: str, started: bool) -> None:
        self.name, self.how, self.before = name, how, before
        self.at, self.via, self.started = at, via, started
        self.platform = private.platform() if started else ""
        self.now: Any = None


class LateSettings:
    def __init__(self, observer: Observer) -> None:
        self.observer = observer
        self.made: dict[tuple[str, str, int], Made] = {}
        self.environment = {name: value for name, value in os.environ.items() if name.encode().startswith(PREFIXES)}
        """As it was when JAX was imported, or when it changed last."""

    def put(self, name: bytes, value: bytes) -> None:
        variable, now = os.fsdecode(name), os.fsdecode(value)
        before = self.environment.get(variable)
        if now != before:
            made = self.note(variable, "environment", before)
            if made is not None:
                made.now = now
        self.environment[variable] = now

    def option(self, name: str, before: Any) -> None:
        self.note(name, "option", before)

    def note(self, name: str, how: str, before: Any) -> Made | None:
        found = setter(3)
        if found is None or len(self.made) >= MOST:
            return None
        frame, via = found
        at = names.at_of(frame)
        if at is None:
            return None
        made = Made(name, how, before, at, via, private.backend_started())
        return self.made.setdefault((name, at.path, at.line), made)

    def totals(self) -> None:
        for made in list(self.made.values()):
            if made.how == "environment":
                kept, force = os.environ.get(made.name) == made.now, private.option_of(made.name.lower())
            else:
                made.now = private.option_of(made.name)
                kept, force = made.now != made.before, None
                if made.name == private.CACHE:
                    force = private.open_cache()
            self.observer.writer.put(
                "setting", name=made.name, how=made.how, was=text(made.before), now=text(made.now), kept=kept,
                in_force=text(force), started=made.started, via=made.via, **made.at._asdict(),
                known=force is not None or made.how == "option", platform=made.platform,
            )  # fmt: skip


def text(value: Any) -> str | None:
    return None if value is None else str(value)[:300]


def setter(depth: int) -> tuple[FrameType, str] | None:
    """The user's line that made a setting, and the file of the library that did it for them; None for an import's own."""
    frame: FrameType | None = sys._getframe(depth)
    via = ""
    while frame is not None:
        code = frame.f_code
        if names.is_user(code.co_filename):
            return frame, via
        if code.co_name == "<module>":
            return None  # a library that sets it for itself while it is imported
        if not (call_paths.is_own(code.co_filename) or code.co_filename.startswith((names.HERE, "<"))):
            via = via or ("" if os.path.basename(code.co_filename) in STANDARD else code.co_filename)
        frame = frame.f_back
    return None


STANDARD = ("os.py", "_collections_abc.py")


def install(observer: Observer) -> None:
    """Effect: settings made from here on are noted."""
    settings = LateSettings(observer)
    observer.writer.at_end(settings.totals)

    def putting(original: Any) -> Any:
        def putenv(name: Any, value: Any) -> None:
            try:
                original(name, value)
            except BaseException as error:
                stand_ins.passing(error)
                raise
            if isinstance(name, bytes) and isinstance(value, bytes) and name.startswith(PREFIXES):
                observer.quietly(settings.put, name, value)

        return putenv

    if os.name == "posix":
        private.replace(os, "putenv", putting)
    private.hook_options(lambda name, before: observer.quietly(settings.option, name, before))


def uninstall() -> None:
    """The hooks go with `private.restore`."""
    private.keep_new_options()
