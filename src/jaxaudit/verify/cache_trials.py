"""Trials of JAX's compilation cache: in a folder of the audit's own, filled by one process and measured in the next."""

import tempfile
from collections.abc import Mapping
from pathlib import Path

VARIABLE = "JAX_COMPILATION_CACHE_DIR"
ALLOWED = ".cache"
"""A folder of this name may be written to by a run in a copy."""


def with_own_cache(env: Mapping[str, str], place: Path) -> dict[str, str]:
    """The variables with an empty cache in the place of the one that is proposed; as they are where none is."""
    if VARIABLE not in env:
        return dict(env)
    parent = place / ALLOWED
    parent.mkdir(exist_ok=True)
    return {**env, VARIABLE: tempfile.mkdtemp(prefix="jax-", dir=parent)}
