"""Memory: how much is free, and how much a piece of work takes at its height."""

from __future__ import annotations

import contextlib
import os
import sys
from pathlib import Path

PROC = Path("/proc")
CGROUPS = Path("/sys/fs/cgroup")


def available_bytes(proc: Path = PROC, cgroups: Path = CGROUPS) -> int | None:
    """What may still be taken without swapping, also where a container has a limit; None where nobody says."""
    limits = [limit for limit in (of_machine(proc), of_container(cgroups)) if limit is not None]
    return min(limits, default=None)


def of_machine(proc: Path) -> int | None:
    """Free memory, with what the system would give up for it. Elsewhere than on Linux: all that there is."""
    found = fields(proc / "meminfo").get("MemAvailable")
    if found is None:
        with contextlib.suppress(ValueError, OSError, AttributeError):
            return os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    return found


def of_container(cgroups: Path) -> int | None:
    """What a container's limit leaves; what only mirrors files counts as free."""
    try:
        limit = int((cgroups / "memory.max").read_text())
        used = int((cgroups / "memory.current").read_text())
    except (OSError, ValueError):  # no container, or one without a limit
        return None
    mirrored = fields(cgroups / "memory.stat", 1)
    return max(0, limit - used + mirrored.get("inactive_file", 0) + mirrored.get("active_file", 0))


def fields(file: Path, unit: int = 1024) -> dict[str, int]:
    """Lines such as `VmHWM:  5120 kB`, in bytes; nothing where the file can't be read."""
    try:
        lines = [line.replace(":", " ").split() for line in file.read_text().splitlines()]
    except OSError:
        return {}
    return {line[0]: int(line[1]) * unit for line in lines if len(line) > 1 and line[1].isdecimal()}


class Height:
    """How much more memory than at its beginning a piece of work took, at its height.

    Pages of memory-mapped files don't count: they lie on disk as well. The work is looked at in stages, `stage` after
    each, for a stage may map files after the height of another. Effect: resets the system's own record of the height.
    """

    def __init__(self, status: Path = PROC / "self" / "status", reset: Path = PROC / "self" / "clear_refs") -> None:
        self._status, self._reset = status, reset
        now = fields(status)
        self._linux = "RssAnon" in now
        self._before = now.get("RssAnon", 0) if self._linux else highest_ever()
        self._height = 0
        self._forget()

    def _forget(self) -> None:
        if self._linux:
            with contextlib.suppress(OSError):  # then the height of the whole process counts
                self._reset.write_text("5")

    def stage(self) -> None:
        """A stage has ended."""
        now = fields(self._status)
        mapped = now.get("RssFile", 0) + now.get("RssShmem", 0)
        highest = now.get("VmHWM", 0) - mapped if self._linux else highest_ever()
        self._height = max(self._height, highest - self._before)
        self._forget()

    @property
    def over_inputs(self) -> int:
        """Bytes, over all stages so far."""
        return self._height


def highest_ever() -> int:
    """The height of the whole process so far: all that other systems say. 0 where they don't."""
    try:
        import resource
    except ImportError:
        return 0
    highest = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return int(highest) * (1 if sys.platform == "darwin" else 1024)
