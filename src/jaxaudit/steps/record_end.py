"""The last line of a record, for a process that had no time to write it: one that was killed."""

import json
import os
from pathlib import Path

from jaxaudit.steps.record_place import SUFFIX

TAIL = 1 << 16


def complete(record: Path, pid: int, code: int, seconds: float) -> None:
    """Effect: writes how the process ended, unless it said so itself. `code` is negative for a signal."""
    files = sorted(record.glob(f"{pid}-*{SUFFIX}"))
    try:
        tail = _tail(files[-1]) if files else b""
        if tail and not any(line.startswith(b'{"k": "end"') for line in tail.splitlines()):
            how = f"signal {-code}" if code < 0 else "exit"
            line = json.dumps({"k": "end", "t": round(seconds, 6), "how": how, "seconds": round(seconds, 6)})
            with files[-1].open("a", encoding="utf-8") as file:
                file.write(f"{line}\n" if tail.endswith(b"\n") else f"\n{line}\n")
    except OSError:
        return  # the disk is full, which the process has said


def _tail(file: Path) -> bytes:
    with file.open("rb") as lines:
        size = lines.seek(0, os.SEEK_END)
        lines.seek(max(0, size - TAIL))
        return lines.read()
