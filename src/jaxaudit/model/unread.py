"""What could not be read, and why: no evidence is an answer too."""

from typing import NamedTuple


class Unread(NamedTuple):
    """One file that was not checked, with one sentence that says why."""

    path: str
    reason: str
