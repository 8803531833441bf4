"""What JAX does, as it does it: calls that miss, traces, lowerings and compiles, each with its function and its cause.

One `Observer` for the process. The hooks of `private` call it; a stack for each thread holds what is under way, so that
nested work is never counted twice. Nothing here may disturb the program: what goes wrong is noted, once.
"""

from __future__ import annotations

import contextlib
import threading
import time
import weakref
from collections.abc import Callable
from typing import Any

from jaxaudit_probe import call_paths, causes, names, private, snapshots
from jaxaudit_probe.audience import Audience
from jaxaudit_probe.frames import Frame, Local, Site
from jaxaudit_probe.sites import Sites
from jaxaudit_probe.under_way import UnderWay

now = time.perf_counter


class Observer:
    """Collects what the hooks tell, and writes it down."""

    def __init__(self, writer: Audience) -> None:
        self.writer = writer
        self.names = names
        self.local = Local()
        self.sites = Sites(writer)
        self.under_way = UnderWay(writer)
        self.by_computation: weakref.WeakKeyDictionary[Any, tuple[Site, Frame]] = weakref.WeakKeyDictionary()
        self.cleared = 0
        self.noted: set[str] = set()
        self.on_call: list[Callable[[Site, dict[str, Any], bool], None]] = []
        self.on_trace: list[Callable[[Site, Any, names.At | None], None]] = []
        self.on_equation: dict[str, list[Callable[[Site, Any], None]]] = {}
        """By the name of an operation: told of each in a user's traced program."""
        self.on_compiled: list[Callable[[Site, float], None]] = []
        self.on_lowering: list[Callable[[], None]] = []
        """Told before a program is lowered, `on_lower` afterwards."""
        self.on_lower: list[Callable[[Site, Any, Any], None]] = []
        self.checks: list[Callable[[Site, causes.Cause | None, names.At | None], None]] = []
        """Asked before a program is compiled for a call: what they raise reaches the caller."""
        self.sync_checks: list[Callable[[str, names.At], None]] = []
        """Asked before the host waits for the device, likewise."""
        self.on_constant: Callable[[Site | None, Any, Any], None] | None = None
        self.on_opening: list[Callable[[Frame], None]] = []
        """Told before a call of the user's is traced; `on_closing` after it, with the program; `on_again` where none was."""
        self.on_closing: list[Callable[[Frame, Any], None]] = []
        self.on_again: list[Callable[[Frame], None]] = []
        self.on_run: list[Callable[[Site, Any, Any, bool], Callable[[Any], None] | None]] = []
        """Asked at each call of a user's function that runs, `calls` seeing to those that C++ answers: told the result."""
        self.on_error: Callable[[BaseException, Frame, bool], None] | None = None
        """Told of an exception at each call and trace that it passes; whether it is the outermost."""

    @property
    def stack(self) -> list[Frame]:
        return self.local.stack

    # -- keeping out of the way ----------------------------------------------------------------------------------------

    def note(self, text: str) -> None:
        if text not in self.noted and len(self.noted) < 50:
            self.noted.add(text)
            self.writer.put("note", text=text)

    def quietly(self, ask: Callable[..., Any], *args: Any) -> Any:
        """Our own work: its time is nobody's, and its faults are noted and go no further."""
        began = now()
        try:
            return ask(*args)
        except Exception as fault:
            self.note(f"{getattr(ask, '__name__', ask)}: {type(fault).__name__}: {fault}")
            return None
        finally:
            self.local.lost += now() - began

    def push(self, frame: Frame) -> Frame:
        frame.lost = self.local.lost
        self.stack.append(frame)
        frame.started = now()
        return frame

    def pop(self, frame: Frame) -> float:
        """Ends a frame; its seconds, without what we took ourselves."""
        seconds = now() - frame.started - (self.local.lost - frame.lost)
        while self.stack and self.stack.pop() is not frame:
            continue
        return max(seconds, 0.0)

    def under(self, *kinds: str) -> Frame | None:
        return next((frame for frame in reversed(self.stack) if frame.kind in kinds), None)

    # -- calls that reach Python ---------------------------------------------------------------------------------------

    def entered(self, fun: Any, info: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Frame:
        frame = Frame("call")
        frame.fun, frame.info, frame.args, frame.kwargs = fun, info, args, kwargs
        frame.site = self.quietly(self.sites.of, fun, info, args, kwargs)
        return self.push(frame)

    def failed(self, error: BaseException, frame: Frame) -> None:
        if self.on_error is not None:
            outermost = not any(one is not frame and one.kind in ("call", "trace") for one in self.stack)
            self.quietly(self.on_error, error, frame, outermost)

    def left(self, frame: Frame, answer: Any) -> None:
        self.pop(frame)
        site = frame.site
        if site is None:
            return
        self.local.last_entry = (frame.fun, frame.info, frame.args, frame.kwargs)
        self.local.last_site = site
        if site.user or frame.opened is not None:
            self.quietly(self._left, frame, site, answer)
        frame.fun = frame.info = frame.at = None
        frame.args, frame.kwargs = (), {}

    def _left(self, frame: Frame, site: Site, answer: Any) -> None:
        for again in self.on_again if frame.opened is None else ():
            self.quietly(again, frame)
        if answer is None and frame.opened is not None:
            for closed in self.on_closing:
                self.quietly(closed, frame, None)
        if answer is not None:
            program = private.jaxpr_of(answer)
            if frame.opened is not None:
                self.sites.remember(program, site)
                for closed in self.on_closing:
                    self.quietly(closed, frame, program)
                if self.under("trace") is None and site.user:
                    for told in self.on_trace:
                        told(site, program, frame.at)
        run = self.under("run") if frame.opened is not None else None
        if run is not None:
            run.opened = frame.opened
        if site.user and self.on_call:
            callee = names.callee_of(frame.fun, frame.args, frame.kwargs, private.unflatten)
            given = snapshots.bound(callee.target, callee.args, callee.kwargs)
            for seen in self.on_call:
                seen(site, given, private.tracing_now())

    def running(self, fun: Any, info: Any, args: Any, kwargs: Any) -> Callable[[Any], None] | None:
        """A call that reached Python runs: what to tell of its result."""
        site = self.sites.of(fun, info, args, kwargs)
        return self.ran(site, args, kwargs, False) if site.user and not private.tracing_now() else None

    def ran(self, site: Site, args: Any, kwargs: Any, hit: bool) -> Callable[[Any], None] | None:
        told = [tell for ask in self.on_run if (tell := ask(site, args, kwargs, hit)) is not None]

        def tell_all(out: Any) -> None:
            for tell in told:
                tell(out)

        return tell_all if told else None

    # -- traces --------------------------------------------------------------------------------------------------------

    def trace_opened(self, info: Any) -> None:
        """A trace really begins. The call right above owns it, unless it has one already: then it is a loop's body."""
        stack = self.stack
        if not stack or stack[-1].kind != "trace" or stack[-1].opened is not None:
            return
        trace = stack[-1]
        trace.opened = info
        if len(stack) > 1 and stack[-2].kind == "call" and stack[-2].opened is None:
            call = stack[-2]
            call.opened = info
            trace.site = call.site
            self.quietly(self.explain, call)
            for told in self.on_opening:
                self.quietly(told, call)
            trace.cause, trace.at = call.cause, call.at
            self.begins(trace, "trace")

    def begins(self, frame: Frame, stage: str) -> None:
        """Something begins that may take long: the outermost trace, a lowering, a compile. Single operations only count
        once XLA has them: before that they take no time.
        """
        site = frame.site
        if site is None or (stage != "compile" and site.wrapper == "eager"):
            return
        if stage == "trace" and any(one.work for one in self.stack if one.kind == "trace"):
            return
        self.quietly(self.under_way.begin, frame, stage, site)

    def explain(self, call: Frame) -> None:
        site = call.site
        if site is None:
            return
        site.traced += 1
        frame = names.user_frame(3)
        call.at = names.at_of(frame)
        if site.wrapper == "eager" or site.path.startswith(private.PACKAGE):
            call.cause = causes.FIRST if site.traced == 1 else _another_signature(call)
            return
        callee = names.callee_of(call.fun, call.args, call.kwargs, private.unflatten)
        taken = snapshots.take(callee, call.fun, call.info, self.cleared, captured=site.user)
        site.made.add(taken.function)
        defined = (
            f"line {site.line}" if call.at is not None and call.at.path == site.path else f"{site.path}:{site.line}"
        )
        inner = sum(one.kind == "trace" for one in self.stack) > 1
        taken = taken._replace(inner=inner)
        alike = site.seen if site.user else [one for one in site.seen if one.inner == inner] or site.seen
        seen = alike if site.user else alike[-causes.IN_LIBRARIES :]
        call.cause = causes.cause_of(seen, taken, site.name, len(site.made), defined=defined)
        self.keep(site, taken)

    @staticmethod
    def keep(site: Site, taken: snapshots.Snapshot) -> None:
        site.seen.append(taken)
        if len(site.seen) > causes.LOOKS_BACK:
            del site.seen[1]

    def trace_ended(self, frame: Frame, program: Any) -> None:
        seconds = self.pop(frame)
        if frame.opened is None:
            return
        work = self.quietly(self.under_way.end, frame, program is None) or 0
        outer = self.under("trace")
        if outer is not None:
            outer.inner += seconds
        self.quietly(self._trace_ended, frame, seconds, outer, work)

    def _trace_ended(self, frame: Frame, seconds: float, outer: Frame | None, work: int) -> None:
        own = frame.site is not None
        site = frame.site or self.sites.named(str(getattr(frame.opened, "func_src_info", "") or "?"), "body")
        if not own and site.user and site.wrapper == "body":
            self.local.bodies.append(site)
        lowering = self.under("lower")
        if own and outer is None and lowering is None:
            self.local.traced = (site, seconds, frame.cause)
        if own and site.user:
            self.writer.put(
                "trace", site=site.id, trace_s=round(seconds, 6), self_s=round(max(seconds - frame.inner, 0.0), 6),
                api=names.entry_kind(4), outer=outer.site.id if outer is not None and outer.site is not None else None,
                at=frame.at._asdict() if frame.at else None, cause=frame.cause.record() if frame.cause else None, work=work,
            )  # fmt: skip
        elif work:
            self.under_way.close(work)

    # -- constants -----------------------------------------------------------------------------------------------------

    def met_constant(self, trace: Any, value: Any) -> None:
        if self.on_constant is None:
            return
        owner = next((f for f in reversed(self.stack) if f.kind == "call" and f.site is not None and f.site.user), None)
        self.quietly(self.on_constant, owner.site if owner is not None else None, trace, value)

    # -- lowering and compiling ----------------------------------------------------------------------------------------

    def lower_began(self, program: Any, name: str) -> Frame:
        site: Site | None = self.sites.of_program(program)
        derived = site is None
        if site is None:
            site = self.quietly(self.sites.named, private.source_of(program) or name, "jit")
        frame = Frame("lower", site)
        run = self.under("run")
        traced = self.local.traced
        if traced is not None and traced[0] is site:
            frame.trace_s, frame.cause = traced[1], traced[2]
        elif run is not None and run.site is site and run.cause is not None:
            frame.cause = run.cause
        traced_for_this = frame.cause is not None and (frame.cause is not causes.FIRST or not (site and site.programs))
        if derived and site is not None and site.seen and not traced_for_this:
            frame.cause = causes.DERIVED
        if site is not None and not site.user:
            frame.shape = self.quietly(private.largest_shape, program) or ""
            frame.via = call_paths.library_between(2)
        frame.at = names.at_of(names.user_frame(2))
        self.local.traced = None
        if self.local.bodies:
            frame.bodies = self.quietly(self._bodies_of, program, site) or []
        self.quietly(self._compare_programs, frame, program)
        return self.push(frame)

    def _compare_programs(self, frame: Frame, program: Any) -> None:
        """A new function object is to blame only for a program that was compiled before."""
        eager = frame.site is not None and frame.site.wrapper == "eager"
        owner = (frame.bodies[-1] if frame.bodies else None) if eager else frame.site
        if owner is None or owner.path.startswith(private.PACKAGE):
            return
        mark = private.print_of(program)
        times = owner.programs[mark] = owner.programs.get(mark, 0) + 1
        if eager:
            frame.cause = causes.of_body(frame.site.name if frame.site else "", owner.name, owner.line, times)
        elif times == 1 and len(owner.programs) > 1:
            frame.cause = causes.of_another_program(frame.cause, not owner.user)
        elif times == 1 and frame.cause is not None and frame.cause.kind != "derived":
            frame.cause = causes.FIRST  # until now it was traced as a part of others only

    def _bodies_of(self, program: Any, site: Site | None) -> list[Site]:
        """The functions traced since the last compile that are part of a program; a program of jit's takes them all."""
        waiting = list(dict.fromkeys(self.local.bodies))
        if site is None or site.wrapper != "eager":
            self.local.bodies = []
            return waiting
        held = {
            private.source_of(inner) for one in private.equations_of(program) for inner in private.sub_programs(one)
        }
        mine = [body for body in waiting if any(source.endswith(f" at {body.path}:{body.line}") for source in held)]
        self.local.bodies = [body for body in waiting if body not in mine]
        return mine

    def lowered(self) -> None:
        """A module is really made, not taken from a cache."""
        frame = self.under("lower")
        if frame is None or frame.opened is not None:
            return
        frame.opened = True
        for told in self.on_lowering:
            self.quietly(told)
        site = frame.site
        again = site is not None and site.user and sum(site.programs.values()) > 1
        if site is not None and again and frame.cause is None and frame.trace_s == 0.0 and site.seen:
            self.quietly(self._explain_lowering, frame, site)
        self.begins(frame, "lower")

    def _explain_lowering(self, frame: Frame, site: Site) -> None:
        """Lowered again without a trace: where the arguments lie decides, which is no part of the trace's key."""
        run, entry = self.under("run"), self.local.last_entry
        if run is None or entry is None or entry[0] is not run.fun:
            return
        fun, info, args, kwargs = entry
        callee = names.callee_of(fun, args, kwargs, private.unflatten)
        taken = snapshots.take(callee, fun, info, self.cleared, captured=site.user)
        frame.cause = causes.cause_of(site.seen, taken, site.name, len(site.made), lowering=True)
        self.keep(site, taken)

    def lower_ended(self, frame: Frame, computation: Any, program: Any, donated: Any) -> None:
        frame.lower_s = self.pop(frame)
        work = self.quietly(self.under_way.end, frame, computation is None)
        if work:
            self.under_way.close(work)
        if computation is None or frame.site is None:
            return
        with contextlib.suppress(TypeError):
            self.by_computation[computation] = (frame.site, frame)
        if frame.opened and frame.site.user:
            for told in self.on_lower:
                self.quietly(told, frame.site, program, donated)

    def compile_began(self, computation: Any) -> Frame:
        try:
            site, lowering = self.by_computation.get(computation, (None, None))
        except TypeError:
            site, lowering = None, None
        frame = Frame("compile", site)
        if lowering is not None:
            frame.trace_s, frame.lower_s, frame.cause, frame.at, frame.bodies = (
                lowering.trace_s, lowering.lower_s, lowering.cause, lowering.at, lowering.bodies
            )  # fmt: skip
            lowering.trace_s = lowering.lower_s = 0.0
            frame.shape, frame.via = lowering.shape, lowering.via
        return self.push(frame)

    def about_to_compile(self) -> None:
        if not self.checks or self.under("run") is None:
            return  # `lower().compile()` is compiled because somebody asked for it
        whole = self.under("compile")
        site = whole.site if whole is not None else None
        if whole is not None and site is not None:
            for check in list(self.checks):
                check(site, whole.cause, whole.at)

    def request_began(self) -> Frame:
        """JAX asks for an executable: what follows is XLA's, or the persistent cache's."""
        whole = self.under("compile")
        if whole is not None:
            self.begins(whole, "compile")
        return self.push(Frame("request"))

    def request_ended(self, frame: Frame) -> None:
        """JAX asked for an executable and got it, from XLA or from the persistent cache."""
        seconds = self.pop(frame)
        whole = self.under("compile")
        if whole is not None:
            whole.compile_s += seconds
            whole.hit = whole.hit or frame.hit
            whole.opened = True

    def compile_ended(self, frame: Frame, failed: bool) -> None:
        self.pop(frame)
        work = self.quietly(self.under_way.end, frame, failed) or 0
        if frame.opened:
            self.quietly(self._compile_ended, frame, work)

    def _compile_ended(self, frame: Frame, work: int) -> None:
        site = frame.site or self.sites.named("?", "jit")
        bodies = frame.bodies
        at = frame.at or names.at_of(names.user_frame(4))
        cause = frame.cause or (causes.FIRST if site.traced <= 1 else None)
        self.writer.put(
            "compile", site=site.id, bodies=[body.id for body in bodies], trace_s=round(frame.trace_s, 6), lower_s=round(frame.lower_s, 6),
            compile_s=round(frame.compile_s, 6), cache="hit" if frame.hit else missed(frame.compile_s),
            at=at._asdict() if at else None, cause=cause.record() if cause else None,
            constants_bytes=site.bytes_captured, thread=threading.current_thread().name, work=work,
            shape=frame.shape, via=frame.via,
        )  # fmt: skip

        for told in self.on_compiled:
            told(site, frame.compile_s)

    def cache_hit(self) -> None:
        frame = self.under("request")
        if frame is not None:
            frame.hit = True


def missed(seconds: float) -> str:
    """What a program that was not in the persistent cache means to it."""
    kept_from = private.kept_from()
    return "off" if kept_from is None else "miss" if seconds >= kept_from else "unkept"


def _another_signature(call: Frame) -> causes.Cause:
    """Eager operations and libraries' functions: what they were handed, without a comparison."""
    words = []
    for value in call.args[:6]:
        one = snapshots.tree(value)
        words.append(str(one) if isinstance(one, snapshots.Leaf) else one.kind)
    return causes.Cause("signature", f"called with {', '.join(words)}")
