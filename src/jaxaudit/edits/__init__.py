"""How code is changed: verbs that a rule's `mend` borrows. Each returns edits or raises CannotEdit with the reason.

Names are loaded when first used, so that a check never pays for them.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from jaxaudit.edits.arguments import add_keyword, remove_argument, rename_keyword, set_keyword
    from jaxaudit.edits.decorators import (
        add_decorator,
        remove_decorator,
        replace_decorator,
        set_decorator_argument,
        swap_decorators,
    )
    from jaxaudit.edits.edit import CannotEdit, Edit, apply_edits
    from jaxaudit.edits.expressions import replace, replace_expression, wrap
    from jaxaudit.edits.imports import Spelling, qualified_name, spell
    from jaxaudit.edits.jit_sites import JitSite, jit_site
    from jaxaudit.edits.moving import hoist, hoist_to_module, move_before
    from jaxaudit.edits.names import fresh_name, rename
    from jaxaudit.edits.nodes import (
        call_at,
        enclosing,
        expression_at,
        function_at,
        loop_at,
        node_at,
        parents_of,
        statement_at,
        statement_of,
    )
    from jaxaudit.edits.sequences import add_element, remove_element
    from jaxaudit.edits.source_text import SourceText
    from jaxaudit.edits.statements import insert_after, insert_before, remove_statement
    from jaxaudit.edits.static_names import add_static_name, remove_static_name, rename_static_name
    from jaxaudit.edits.strings import remove_flag, remove_words

_HOMES = {
    "arguments": ("add_keyword", "remove_argument", "rename_keyword", "set_keyword"),
    "decorators": (
        "add_decorator",
        "remove_decorator",
        "replace_decorator",
        "set_decorator_argument",
        "swap_decorators",
    ),
    "edit": ("CannotEdit", "Edit", "apply_edits"),
    "expressions": ("replace", "replace_expression", "wrap"),
    "moving": ("hoist", "hoist_to_module", "move_before"),
    "imports": ("Spelling", "qualified_name", "spell"),
    "jit_sites": ("JitSite", "jit_site"),
    "names": ("fresh_name", "rename"),
    "nodes": (
        "call_at",
        "enclosing",
        "expression_at",
        "function_at",
        "loop_at",
        "node_at",
        "parents_of",
        "statement_at",
        "statement_of",
    ),
    "sequences": ("add_element", "remove_element"),
    "source_text": ("SourceText",),
    "statements": ("insert_after", "insert_before", "remove_statement"),
    "static_names": ("add_static_name", "remove_static_name", "rename_static_name"),
    "strings": ("remove_flag", "remove_words"),
}
_HOME_OF = {name: home for home, names in _HOMES.items() for name in names}

__all__ = [
    "CannotEdit",
    "Edit",
    "JitSite",
    "SourceText",
    "Spelling",
    "add_decorator",
    "add_element",
    "add_keyword",
    "add_static_name",
    "apply_edits",
    "call_at",
    "enclosing",
    "expression_at",
    "fresh_name",
    "function_at",
    "hoist",
    "hoist_to_module",
    "insert_after",
    "insert_before",
    "jit_site",
    "loop_at",
    "move_before",
    "node_at",
    "parents_of",
    "qualified_name",
    "remove_argument",
    "remove_decorator",
    "remove_element",
    "remove_flag",
    "remove_statement",
    "remove_static_name",
    "remove_words",
    "rename",
    "rename_keyword",
    "rename_static_name",
    "replace",
    "replace_decorator",
    "replace_expression",
    "set_decorator_argument",
    "set_keyword",
    "spell",
    "statement_at",
    "statement_of",
    "swap_decorators",
    "wrap",
]


def __getattr__(name: str) -> Any:
    if name not in _HOME_OF:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_HOME_OF[name]}"), name)
