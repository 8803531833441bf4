"""Questions that come round to themselves: what was answered meanwhile is not kept."""

from __future__ import annotations

from typing import Any


class Asking:
    """The questions under way, so that what a value seemed to be while it was asked about itself is not kept: from
    another start the same question may have an answer."""

    __slots__ = ("level", "unsettled", "went_round")

    def __init__(self) -> None:
        self.level = 0
        self.went_round = False
        self.unsettled: list[tuple[dict[str, Any], str]] = []

    def settle(self, first: dict[str, Any]) -> None:
        """The first question's answer stays: nothing was being asked when it came."""
        for memo, key in self.unsettled:
            if memo is not first:
                memo.pop(key, None)
        self.unsettled.clear()
        self.went_round = False
