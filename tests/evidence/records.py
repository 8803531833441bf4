"""Records written by hand, as the probe writes them."""

import json
from pathlib import Path
from typing import Any

PROGRAM = """\
import jax


@jax.jit
def step(state, scale):
    return state * scale


def fit(states):
    for i, state in enumerate(states):
        out = step(state, 1.0)
        loss = float(out.sum())
        if i % 10 == 0:
            print(float(out.max()))
    return [step(state, 2.0) for state in states]
"""


def row(kind: str, **fields: Any) -> dict[str, Any]:
    return {"k": kind, "t": 1.0, **fields}


def start(folder: Path, pid: int = 10, **more: Any) -> list[dict[str, Any]]:
    """The first lines of every process."""
    fields = {"v": 1, "pid": pid, "ppid": 1, "argv": ["train.py"], "python": "3.12.1", "cwd": str(folder), "time": 5e8}
    jax = {"jax": "0.10.2", "jaxlib": "0.10.2", "missing": [], "settings": {"JAX_PLATFORMS": "cpu"}}
    return [row("start", **(fields | more)), row("jax", **jax), row("backend", backend="cpu", devices=["cpu:0"])]


def at(folder: Path, line: int, function: str = "fit") -> dict[str, Any]:
    return {"path": str(folder / "train.py"), "line": line, "function": function}


def site(folder: Path, number: int = 1, name: str = "step", line: int = 4, **more: Any) -> dict[str, Any]:
    fields = {"name": name, "path": str(folder / "train.py"), "line": line, "wrapper": "jit", "user": True}
    return row("site", id=number, **(fields | {"parameters": ["state", "scale"], "static": [], "donated": []} | more))


def compiled(kind: str = "first", number: int = 1, *changes: tuple[str, str, str], **more: Any) -> dict[str, Any]:
    """A compilation for a reason; each change is (leaf, was, now), of the reason's kind."""
    what = more.pop("what", kind)
    said = [{"leaf": leaf, "was": was, "now": now, "what": what} for leaf, was, now in changes]
    cause = {"kind": kind, "text": more.pop("text", f"{kind} happened"), "changes": said}
    stages = {"trace_s": 0.1, "lower_s": 0.2, "compile_s": 0.7, "cache": "off", "constants_bytes": 0}
    return row("compile", site=number, cause=cause, **(stages | more))


def write(folder: Path, *rows: dict[str, Any], name: str = "10-1", end: str = "exit", rest: bytes = b"") -> Path:
    """Effect: writes the program and one process's file of its record; returns the record's folder."""
    (folder / "train.py").write_text(PROGRAM, "utf-8")
    record = folder / ".jaxaudit" / "runs" / "1"
    record.mkdir(parents=True, exist_ok=True)
    every = [*rows, row("end", how=end, seconds=3.5)] if end else list(rows)
    data = b"".join(json.dumps(one).encode() + b"\n" for one in every)
    (record / f"{name}.jsonl").write_bytes(data + rest)
    return record
