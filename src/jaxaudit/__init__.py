"""jaxaudit: why a JAX program compiles slowly, recompiles, captures arrays or repeats random numbers.

Importing this package does nothing and costs nothing; the command line is `jaxaudit.cli.main`.
"""

TYPE_CHECKING = False  # `typing` costs more than all that `jaxaudit --version` does
if TYPE_CHECKING:
    from typing import Any

    from jaxaudit.steps.observing import guard, observe
    from jaxaudit_probe.budgets import BudgetError, BudgetWarning

__all__ = ["BudgetError", "BudgetWarning", "guard", "observe"]
__version__ = "0.1.0"


def __getattr__(name: str) -> "Any":
    """What needs JAX is loaded when it is asked for."""
    if name in ("guard", "observe"):
        from jaxaudit.steps import observing

        return getattr(observing, name)
    if name in ("BudgetError", "BudgetWarning"):
        from jaxaudit_probe import budgets

        return getattr(budgets, name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
