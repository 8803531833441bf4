"""`jaxaudit.observe()` and `jaxaudit.guard()`: observation in the process itself, for scripts, tests and notebooks."""

from __future__ import annotations

import importlib
import importlib.util
import os
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from jaxaudit.evidence.record import read_record
from jaxaudit.model.evidence import CompileSeen, ConstantSeen, Evidence, FunctionSeen, KeySeen, SyncSeen
from jaxaudit.model.mistake import Mistake

if TYPE_CHECKING:
    from jaxaudit_probe.audience import Listener
    from jaxaudit_probe.budgets import Guard


class Functions(Mapping[str, FunctionSeen]):
    """Functions by name (`step`, `Model.step`), or by `file.py:12` where two have one name."""

    def __init__(self, seen: tuple[FunctionSeen, ...]) -> None:
        self.seen = tuple(one for one in seen if one.site.user and (one.calls or one.traces or one.compiles))

    def __getitem__(self, name: str) -> FunctionSeen:
        found = [
            one for one in self.seen
            if name in (one.site.name, one.site.name.rpartition(".")[2], f"{one.site.path}:{one.site.line}")
            or f"{os.path.basename(one.site.path)}:{one.site.line}" == name
        ]  # fmt: skip
        if not found:
            raise KeyError(f"no function {name!r} was compiled here; there are {', '.join(sorted(self)) or 'none'}")
        if len(found) > 1:
            places = ", ".join(f"{os.path.basename(one.site.path)}:{one.site.line}" for one in found)
            raise KeyError(f"{len(found)} functions are named {name!r}: say which by {places}")
        return found[0]

    def __iter__(self) -> Iterator[str]:
        return iter([one.site.name for one in self.seen])

    def __len__(self) -> int:
        return len(self.seen)


class Observation:
    """What happened in a `with jaxaudit.observe()` block, as far as it has come."""

    def __init__(self, folder: str) -> None:
        self._folder = folder
        self._final: Evidence | None = None

    def _close(self) -> None:
        self._final = read_record(Path(self._folder))

    @property
    def evidence(self) -> Evidence:
        return self._final if self._final is not None else read_record(Path(self._folder))

    @property
    def functions(self) -> Functions:
        """The user's functions that were traced or compiled."""
        return Functions(self.evidence.functions)

    @property
    def compiles(self) -> tuple[CompileSeen, ...]:
        return self.evidence.compiles

    @property
    def constants(self) -> tuple[ConstantSeen, ...]:
        return self.evidence.constants

    @property
    def syncs(self) -> tuple[SyncSeen, ...]:
        return self.evidence.syncs

    @property
    def keys(self) -> tuple[KeySeen, ...]:
        return self.evidence.keys

    def _rows(self) -> list[tuple[str, str, str, str]]:
        out = []
        for one in sorted(self.functions.seen, key=lambda one: -one.seconds):
            again = [c.cause.text for c in self.compiles if c.site == one.site and c.again]
            out.append((one.site.name, str(one.compiles), f"{one.seconds:.2f} s", again[-1] if again else ""))
        return out

    def __repr__(self) -> str:
        rows = self._rows()
        if not rows:
            return "nothing of yours was compiled here"
        width = max(len(row[0]) for row in rows)
        return "\n".join(f"{n:{width}}  {c:>4} compiled  {s:>9}  {why}".rstrip() for n, c, s, why in rows)

    def document(self) -> dict[str, Any]:
        """All of it as `jaxaudit run --format json` writes it, the rules' findings included."""
        from jaxaudit.steps.config import read_config
        from jaxaudit.steps.run import document_of

        return document_of(self.evidence, read_config(Path.cwd()))

    def _repr_html_(self) -> str:
        from jaxaudit.report.run_html import run_html

        return run_html(self.document())

    def _repr_pretty_(self, printer: Any, cycle: bool) -> None:
        """For IPython where it shows no HTML."""
        from jaxaudit.report.run_terminal import run_summary

        printer.text("..." if cycle else run_summary(self.document()).rstrip())


def recorded(folder: Path, listener: Listener) -> Callable[[], None]:
    """Effect: this process is observed into a record, and the listener told; until the answer is called."""
    _needs_jax()
    from jaxaudit_probe import hooks
    from jaxaudit_probe.writer import Writer

    writer = Writer(str(folder))
    writer.open()
    audience = hooks.install(writer).writer
    audience.join(listener)

    def finish() -> None:
        writer.finish("exit")
        audience.leave(writer)
        audience.leave(listener)

    return finish


@contextmanager
def observe() -> Iterator[Observation]:
    """Observes this process while the block runs. Blocks nest; each sees what happens in it."""
    _needs_jax()
    from jaxaudit_probe import hooks
    from jaxaudit_probe.writer import Writer

    with tempfile.TemporaryDirectory(prefix="jaxaudit-", ignore_cleanup_errors=True) as folder:
        writer = Writer(folder)
        writer.open()
        hooks.look_closely()
        audience = hooks.install(writer).writer
        seen = Observation(folder)
        try:
            yield seen
        finally:
            audience.leave(writer)
            writer.finish("exit")
            seen._close()


def guard(**budgets: Any) -> Guard:
    """Budgets on what runs in the block: `guard(max_compiles=1, max_constants="1MiB", no_host_sync=True)`.

    After warm-up, `guard(no_compile=True)`. A breach raises `BudgetError`; with `action="warn"` it warns.
    """
    _needs_jax()
    from jaxaudit_probe.budgets import Guard

    return Guard(**budgets)


def _needs_jax() -> None:
    if importlib.util.find_spec("jax") is None:
        raise Mistake("JAX is not installed in this Python: there is nothing to observe")
    importlib.import_module("jax")  # the hooks go into what is imported
