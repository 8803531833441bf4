"""Puts the hooks in, right after JAX was imported, and takes them out again."""

from __future__ import annotations

import functools
from typing import Any

from jaxaudit_probe import (
    about,
    branches,
    calls,
    commits,
    donations,
    downcasts,
    folding,
    holders,
    jitted,
    keys,
    late_settings,
    lists,
    names,
    nested,
    outer_state,
    pending,
    prefix,
    private,
    raised,
    results,
    sizes,
    stand_ins,
    syncs,
)
from jaxaudit_probe.audience import Audience, Listener
from jaxaudit_probe.compiles import Observer
from jaxaudit_probe.frames import Frame

PARTS: tuple[Any, ...] = (
    holders,
    sizes,
    folding,
    jitted,
    commits,
    calls,
    syncs,
    keys,
    donations,
    branches,
    lists,
    nested,
    downcasts,
    late_settings,
    raised,
    outer_state,
    about,
    results,
    pending,
    prefix,
)
"""What looks closer at what the observer sees. `keys` listens to `calls`, so it comes later; `prefix` may end the process."""
_installed: list[Observer] = []


def install(listener: Listener | None = None) -> Observer:
    """Effect: JAX tells an observer what it does from here on, and the observer its listeners. Once in a process."""
    observer = _installed[0] if _installed else _put_in()
    if listener is not None:
        observer.writer.join(listener)
    return observer


def look_closely() -> None:
    """Effect: calls that JAX's cache answers, and reads, are all looked at again for a while, as at the start of a process."""
    sampler, reads = calls.current(), syncs.current()
    if sampler is not None:
        sampler.renew()
    if reads is not None:
        reads.renew()


def _put_in() -> Observer:
    for start in names.OURS:
        private.leave_out_of_tracebacks(start)
    observer = Observer(Audience())
    private.hook_entry(functools.partial(_entry, observer))
    private.hook_run(functools.partial(_run, observer))
    private.hook_traces(
        lambda original: _Traces(observer, original),
        functools.partial(_opened, observer),
        functools.partial(_constant, observer),
    )
    private.hook_lowering(functools.partial(_lowering, observer), functools.partial(_lowered, observer))
    private.hook_compiling(
        functools.partial(_compiling, observer), functools.partial(_request, observer), lambda original: original
    )
    private.hook_cache_hits(observer.cache_hit)
    private.hook_clearing(functools.partial(_clearing, observer))
    for part in PARTS:
        part.install(observer)
    _installed.append(observer)
    return observer


def uninstall() -> None:
    for part in reversed(PARTS):
        part.uninstall()
    private.restore()
    _installed.clear()


def _entry(observer: Observer, original: Any) -> Any:
    def entered(fun: Any, info: Any, args: Any, kwargs: Any) -> Any:
        frame = observer.entered(fun, info, args, kwargs)
        answer = None
        try:
            answer = original(fun, info, args, kwargs)
            return answer
        except BaseException as error:
            observer.failed(error, frame)
            stand_ins.passing(error)
            raise
        finally:
            observer.left(frame, answer)

    return entered


def _run(observer: Observer, original: Any, traces_too: bool) -> Any:
    def run(*args: Any, **kwargs: Any) -> Any:
        frame = Frame("run")
        frame.fun = args[0] if traces_too else args[2]
        entry = observer.local.last_entry
        frame.site = observer.local.last_site if entry is not None and entry[0] is frame.fun else None
        ran = observer.quietly(observer.running, *_called(args, kwargs, traces_too)) if observer.on_run else None
        observer.push(frame)
        try:
            answer = original(*args, **kwargs)
        except BaseException as error:
            stand_ins.passing(error)
            raise
        finally:
            observer.pop(frame)
            frame.fun = None
            observer.local.last_entry = None
        if ran:
            observer.quietly(ran, answer[0])
        return answer

    return run


def _called(args: Any, kwargs: Any, traces_too: bool) -> tuple[Any, Any, Any, Any]:
    """The function, what `jit` was told about it, the arguments and the keywords of the call that runs."""
    return (args[0], args[1], args[2:], kwargs) if traces_too else (args[2], None, args[3], args[4])


class _Traces:
    """Stands in for JAX's cached tracing function, whose other attributes it forwards."""

    def __init__(self, observer: Observer, original: Any) -> None:
        self._observer = observer
        self._original = original

    def __getattr__(self, name: str) -> Any:
        return getattr(self._original, name)

    @stand_ins.uncounted
    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        frame = self._observer.push(Frame("trace"))
        answer = None
        try:
            answer = self._original(*args, **kwargs)
            return answer
        except BaseException as error:
            self._observer.failed(error, frame)
            stand_ins.passing(error)
            raise
        finally:
            self._observer.trace_ended(frame, answer)


def _opened(observer: Observer, original: Any) -> Any:
    def __init__(self: Any, debug_info: Any, *args: Any, **kwargs: Any) -> None:  # noqa: N807
        observer.trace_opened(debug_info)
        try:
            original(self, debug_info, *args, **kwargs)
        except BaseException as error:
            stand_ins.passing(error)
            raise

    return __init__


def _constant(observer: Observer, original: Any) -> Any:
    def _new_const(self: Any, aval: Any, value: Any, *args: Any, **kwargs: Any) -> Any:
        if getattr(value, "ndim", 0) and not private.is_tracer(value):
            observer.met_constant(self, value)
        try:
            return original(self, aval, value, *args, **kwargs)
        except BaseException as error:
            stand_ins.passing(error)
            raise

    return _new_const


def _lowering(observer: Observer, original: Any) -> Any:
    def lower(program: Any, *args: Any, **kwargs: Any) -> Any:
        texts = [value for value in args[:3] if isinstance(value, str)]
        frame = observer.lower_began(program, texts[-1] if texts else "?")
        computation = None
        try:
            computation = original(program, *args, **kwargs)
            return computation
        except BaseException as error:
            stand_ins.passing(error)
            raise
        finally:
            observer.lower_ended(frame, computation, program, args[6] if len(args) > 6 else None)

    return lower


def _lowered(observer: Observer, original: Any) -> Any:
    def lower_jaxpr_to_module(*args: Any, **kwargs: Any) -> Any:
        observer.lowered()
        try:
            return original(*args, **kwargs)
        except BaseException as error:
            stand_ins.passing(error)
            raise

    return lower_jaxpr_to_module


def _compiling(observer: Observer, original: Any) -> Any:
    def compile(self: Any, *args: Any, **kwargs: Any) -> Any:  # noqa: A001
        frame = observer.compile_began(self)
        executable = None
        try:
            executable = original(self, *args, **kwargs)
            return executable
        except BaseException as error:
            stand_ins.passing(error)
            raise
        finally:
            observer.compile_ended(frame, executable is None)

    return compile


def _request(observer: Observer, original: Any) -> Any:
    def compile_or_get_cached(*args: Any, **kwargs: Any) -> Any:
        observer.about_to_compile()
        frame = observer.request_began()
        try:
            return original(*args, **kwargs)
        except BaseException as error:
            stand_ins.passing(error)
            raise
        finally:
            observer.request_ended(frame)

    return compile_or_get_cached


def _clearing(observer: Observer, original: Any) -> Any:
    def clear_caches(*args: Any, **kwargs: Any) -> Any:
        observer.cleared += 1
        try:
            return original(*args, **kwargs)
        except BaseException as error:
            stand_ins.passing(error)
            raise

    return clear_caches
