"""Which JAX this process runs, under which settings, and on which devices once it has used them."""

from __future__ import annotations

import os

import jax
import jaxlib.version

from jaxaudit_probe import private
from jaxaudit_probe.compiles import Observer
from jaxaudit_probe.frames import Site

PREFIXES = ("JAX_", "XLA_")
MOST_DEVICES = 64


def install(observer: Observer) -> None:
    """The last of the parts: by then it is known which hooks this JAX does not have."""
    settings = {name: value for name, value in os.environ.items() if name.startswith(PREFIXES)}
    observer.writer.put(
        "jax", jax=jax.__version__, jaxlib=jaxlib.version.__version__, missing=list(private.missing), settings=settings
    )

    told: list[bool] = []

    def compiled(site: Site, seconds: float) -> None:
        if told:
            return
        told.append(True)
        devices = [str(device) for device in jax.local_devices()[:MOST_DEVICES]]
        observer.writer.put("backend", backend=jax.default_backend(), devices=devices, rank=jax.process_index())

    observer.on_compiled.append(compiled)


def uninstall() -> None:
    pass
