"""Composing edits into new texts, showing them as a diff, and writing them safely."""

from jaxaudit.fix.diff import unified_diff
from jaxaudit.fix.plan import FixPlan, Skipped, plan_fixes
from jaxaudit.fix.write import FileChange, Unwritten, write_changes

__all__ = ["FileChange", "FixPlan", "Skipped", "Unwritten", "plan_fixes", "unified_diff", "write_changes"]
