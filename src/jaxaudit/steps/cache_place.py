"""Where the facts of files are kept between runs: in the user's cache folder, never in the project."""

import os
import sys
from collections.abc import Mapping
from pathlib import Path


def default_cache_dir(environ: Mapping[str, str] = os.environ, platform: str = sys.platform) -> Path | None:
    """`JAXAUDIT_CACHE_DIR`, else the system's place for caches. None for a user without a home: nothing is kept."""
    if environ.get("JAXAUDIT_CACHE_DIR"):
        return Path(environ["JAXAUDIT_CACHE_DIR"])
    try:
        home = Path(environ.get("HOME") or environ.get("USERPROFILE") or Path.home())
    except RuntimeError:  # a container's user that the system does not know
        return None
    if platform == "win32":
        return Path(environ.get("LOCALAPPDATA") or home / "AppData" / "Local") / "jaxaudit" / "cache"
    if platform == "darwin":
        return home / "Library" / "Caches" / "jaxaudit"
    return Path(environ.get("XDG_CACHE_HOME") or home / ".cache") / "jaxaudit"
