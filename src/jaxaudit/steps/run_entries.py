"""The evidence of a run as JSON entries (`docs/schema/jaxaudit-1.schema.json`)."""

from typing import Any

from jaxaudit.model.evidence import (
    ArgumentSeen,
    Cause,
    Change,
    CompileSeen,
    ConstantSeen,
    EagerSeen,
    Environment,
    FunctionSeen,
    JittedSeen,
    KeySeen,
    SyncSeen,
    UnfinishedSeen,
)
from jaxaudit.model.spot import Spot
from jaxaudit.model.wasted import LoopSeen


def spot_entry(at: Spot | None) -> dict[str, Any] | None:
    return None if at is None else {"path": at.path, "line": at.line, "function": at.function}


def process_entry(one: Environment) -> dict[str, Any]:
    return {
        "pid": one.pid,
        "command": list(one.argv),
        "executable": one.executable,
        "python": one.python,
        "jax": one.jax or None,
        "jaxlib": one.jaxlib or None,
        "backend": one.backend or None,
        "devices": list(one.devices),
        "rank": one.rank,
        "settings": dict(one.settings),
        "missing_hooks": list(one.missing),
        "ended": one.ended or None,
        "error": str(one.failure) if one.failure else None,
        "seconds": round(one.seconds, 3),
    }


def function_entry(one: FunctionSeen) -> dict[str, Any]:
    return {
        "name": one.site.name,
        "path": one.site.path,
        "line": one.site.line,
        "wrapper": one.site.wrapper,
        "library": one.site.package or None,
        "static": list(one.site.static),
        "donated": list(one.site.donated),
        "calls": one.calls,
        "sampled": one.sampled,
        "tracer_calls": one.tracer_calls,
        "traces": one.traces,
        "lowerings": one.lowerings,
        "compiles": one.compiles,
        "trace_s": round(one.trace_s, 6),
        "lower_s": round(one.lower_s, 6),
        "compile_s": round(one.compile_s, 6),
        "constants_bytes": one.constants_bytes,
        "equations": one.equations,
        "arguments": [argument_entry(argument) for argument in one.arguments],
    }


def loop_entry(one: LoopSeen) -> dict[str, Any]:
    return {
        "path": one.at.path,
        "line": one.loop,
        "function": one.at.function,
        "dispatches": one.count,
        "seconds": round(one.seconds, 4),
        "operations": list(one.operations),
        "calls": [
            {
                "line": call.at.line,
                "call": call.text or None,
                "share": call.share,
                "through": [spot_entry(spot) for spot in call.through],
            }
            for call in one.calls
        ],
    }


def eager_entry(one: EagerSeen) -> dict[str, Any]:
    return {
        "path": one.at.path,
        "line": one.at.line,
        "function": one.at.function,
        "compiles": one.compiles,
        "shapes": one.shapes,
        "operations": list(one.operations),
        "seconds": round(one.seconds, 6),
    }


def uncalled_entry(one: JittedSeen) -> dict[str, Any]:
    return {"name": one.name, "path": one.path, "line": one.line, "wrapper": one.wrapper, "at": spot_entry(one.at)}


def argument_entry(one: ArgumentSeen) -> dict[str, Any]:
    return {
        "name": one.name,
        "role": one.role,
        "kinds": list(one.kinds),
        "values": one.values,
        "distinct": one.distinct,
        "tracer": one.tracer,
        "bytes": one.bytes,
        "same_object": one.same_object,
        "host_upload_bytes": one.host_upload_bytes,
    }


def cause_entry(cause: Cause) -> dict[str, Any]:
    return {"kind": cause.kind, "text": cause.text, "changes": [change_entry(change) for change in cause.changes]}


def change_entry(one: Change) -> dict[str, Any]:
    said: dict[str, Any] = {"leaf": one.leaf, "was": one.was, "now": one.now, "what": one.what}
    put = spot_entry(one.put)
    return said if put is None else {**said, "put": {**put, "how": one.put_by}}


def compile_entry(one: CompileSeen, later: float = 0.0) -> dict[str, Any]:
    """`later`: by how many seconds its process began after the first one."""
    return {
        "function": one.site.name,
        "path": one.site.path,
        "line": one.site.line,
        "library": one.site.package or None,
        "at": spot_entry(one.at),
        "cause": cause_entry(one.cause),
        "trace_s": round(one.trace_s, 6),
        "lower_s": round(one.lower_s, 6),
        "compile_s": round(one.compile_s, 6),
        "constants_bytes": one.constants_bytes,
        "cache": one.cache,
        "process": one.process,
        "ended_s": round(one.ended_s + later, 3),
    }


def unfinished_entry(one: UnfinishedSeen) -> dict[str, Any]:
    return {
        "function": one.site.name,
        "path": one.site.path,
        "line": one.site.line,
        "library": one.site.package or None,
        "stage": one.stage,
        "at": spot_entry(one.at),
        "cause": cause_entry(one.cause),
        "seconds": round(one.seconds, 3),
        "constants_bytes": one.constants_bytes,
        "process": one.process,
        "ended": one.ended or None,
        "error": one.error or None,
    }


def constant_entry(one: ConstantSeen) -> dict[str, Any]:
    at = one.at or one.site.spot
    return {
        "function": one.site.name,
        "holder": one.holder,
        "leaf": one.leaf,
        "shape": list(one.shape),
        "dtype": one.dtype,
        "bytes": one.bytes,
        "path": at.path,
        "line": at.line,
        "made": spot_entry(one.made),
        "how": one.how,
        "times": one.times,
    }


def sync_entry(one: SyncSeen) -> dict[str, Any]:
    loop = one.in_loop_of
    if one.at.loop is not None and not one.calls:
        loop = Spot(one.at.path, one.at.loop.line, one.at.function)
    return {
        "path": one.at.path,
        "line": one.at.line,
        "function": one.at.function,
        "how": one.how,
        "count": one.count,
        "blocked": one.blocked,
        "seconds": round(one.seconds, 6),
        "bytes": one.bytes,
        "loop": one.loop,
        "in_loop_of": spot_entry(loop),
        "calls": one.calls,
        "value": one.value,
    }


def key_entry(one: KeySeen) -> dict[str, Any]:
    return {
        "key": one.key,
        "function": one.site.name if one.site else None,
        "first": spot_entry(one.first),
        "again": spot_entry(one.again),
        "how": one.how,
        "times": one.times,
    }
