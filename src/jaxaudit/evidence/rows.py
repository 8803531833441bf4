"""The lines of one process's record file, as far as they can be read."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

Row = dict[str, Any]

VERSION = 1
ABOUT = ("start", "jax", "backend", "error", "end")
SEEN = (
