"""The document of a run to render: made by the step that makes the real ones, from a record written by hand."""

import os
from pathlib import Path
from typing import Any

from evidence.records import at, compiled, row, site, start, write
from jaxaudit.steps.run import observed


def run_document(folder: Path, *more: dict[str, Any]) -> dict[str, Any]:
    """Effect: writes the record. What stood in a working directory of this machine's is made the same everywhere."""
    theirs = site(folder, 2, "diffeqsolve", path="/env/site-packages/diffrax/a.py", user=False)
    one_of_jax = site(folder, 3, "add", path="/env/site-packages/jax/b.py", user=False, wrapper="eager")
    held = {"shape": [1000, 1000], "dtype": "float32", "bytes": 4_000_000, "how": "global", "at": at(folder, 6, "step")}
    arguments = [
        {"name": "state", "kinds": ["jax.Array"], "values": "array", "distinct": 0, "tracer": False, "bytes": 8},
        {"name": "scale", "kinds": ["float"], "values": "few", "distinct": 3, "tracer": False, "bytes": 8},
        {"name": "steps", "kinds": ["int"], "values": "one", "distinct": 1, "tracer": False, "bytes": 8},
    ]
    record = write(
        folder,
        *start(folder),
        site(folder, static=["scale"]),
        theirs,
        one_of_jax,
        *(row("trace", site=1, trace_s=0.1, self_s=0.1, api="call", outer=None) for _ in range(3)),
        compiled(at=at(folder, 11), constants_bytes=4_000_000),
        *(
            compiled(
                "static-value",
                1,
                ("scale", was, now),
                at=at(folder, 15),
                text=f"scale (static): {was} -> {now}",
                **both,
            )
            for was, now, both in [("1.0", "2.0", {"cache": "hit"}), ("2.0", "3.0", {})]
        ),
        *(compiled(number=2, at=at(folder, 11)) for _ in range(2)),
        compiled(number=3, at=at(folder, 12), trace_s=0.001, lower_s=0.001, compile_s=0.02),
        row("constant", site=1, holder="optics", leaf=".psf", **held),
        row("sync", **at(folder, 12), how="float", count=60, blocked=60, seconds=0.4, bytes=4, loop=True),
        row("keys", site=1, key="key", first=at(folder, 11), again=at(folder, 12), how="normal", times=2),
        row("calls", site=1, calls=60, sampled=40, tracer_calls=0, arguments=arguments),
        row("note", text="causes are not available on JAX 9.9"),
        *more,
    )
    before = os.getcwd()
    os.chdir(folder)
    try:
        document = observed(record)
    finally:
        os.chdir(before)
    document["environment"]["tool"] = "0.1.0"
    return document
