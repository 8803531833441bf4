"""Errors with which JAX refused a traced value, each given to the rule that says what to do: `missing-static`, where plain
Python values came for the parameters that it depends on or a size was asked for; `unmarked-metadata`, where they came in
fields of objects; `branch-on-tracer` otherwise.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from jaxaudit.model.evidence import ErrorSeen, Evidence
    from jaxaudit.model.spot import Spot

DEPENDS = re.compile(r"depends on the values? of the arguments? (.+?)\.(?:\s|$)", re.DOTALL)
TRACED_FOR = re.compile(r"while tracing the function (.+?) at (.+?):(\d+) for ([\w-]+)\.")
PATH_OF_VALUE = re.compile(r"of type <class '([\w.]+)'> and was passed to the function at path ([\w.\[\]'\"]+)\.")
FIELD = re.compile(r"\.\w+$")
"""`layer.activation`, not `options['mode']`: what can be marked as static by itself."""
HOST = frozenset({"bool", "int", "float", "complex", "str", "number", "None"})
NUMBERS = frozenset({"float", "complex"})
JITS = ("jit", "pjit", "pmap", "checkpoint", "")

SIZES = {
    "Shapes must be 1D sequences of concrete values": "a shape",
    "Slice entries must be static integers": "the bounds of a slice",
    "Array slice indices must have static": "the bounds of a slice",
    "axis argument must be known statically": "an axis",
    "argument must be known statically": "an argument that must be known",
    "total_repeat_length": "the length of a repetition",
    "TracerIntegerConversionError": "a whole number of Python's (`range`, an index of a list, an axis)",
}
"""What a value was needed for that a static argument can be; by the words of the message or its type."""
ASKED = {
    "TracerBoolConversionError": "the truth of a traced value was asked for (`if`, `while`, `assert`, `and`, `bool()`)",
    "NonConcreteBooleanIndexError": "a traced mask was used as an index: the result has as many elements as the mask has "
    "true ones",
    "TracerArrayConversionError": "a function of NumPy's got a traced value",
    "ConcretizationTypeError": "a number was asked of a traced value (`float()`, `int()`, `.item()`)",
}
NEEDED_BY = re.compile(r"'(\w+)' argument of (jnp\.\w+)|the (jnp\.\w+) argument '?(\w+)'?")
DECIDES = {
    "TracerBoolConversionError": "a Python branch",
    "TracerArrayConversionError": "what NumPy computes",
    "ConcretizationTypeError": "a number of Python's (`float()`, `int()`, `.item()`)",
}
"""The same, of a parameter that could be static."""
SURE, AWAITED = 0.95, 0.5
"""An error that somebody waits for may be the point: a test, or a trial of what can be traced."""


@dataclass(frozen=True, slots=True)
class Refused:
    """One error, the rule that it belongs to, and the parameters that it depends on."""

    error: ErrorSeen
    rule: str
    what: str
    parameters: tuple[str, ...]
    function: str
    transformation: str
    died: bool

    @property
    def roots(self) -> tuple[str, ...]:
        """`cfg` of `cfg['n']`."""
        return tuple(dict.fromkeys(re.split(r"[.\[]", name)[0] for name in self.parameters))

    @property
    def kinds(self) -> tuple[str, ...]:
        return tuple(self.error.arguments.get(name, "") for name in self.parameters)

    @property
    def confidence(self) -> float:
        return SURE if self.died or not self.error.awaited else AWAITED

    @property
    def wrapper(self) -> Spot | None:
        """Where `static_argnames` belongs."""
        site = self.error.site
        return self.error.jitted_at or (site.spot if site is not None else None)

    @property
    def facts(self) -> dict[str, object]:
        return {
            "function": self.function,
            "transformation": self.transformation,
            "parameters": list(self.parameters),
            "kinds": [kind for kind in self.kinds if kind],
            "error": self.error.kind,
            "text": self.error.text[:200],
            "ended_the_program": self.died,
        }


def refused(evidence: Evidence, rule: str) -> Iterator[Refused]:
    """Each line once; errors inside libraries are theirs."""
    said: set[tuple[str, int]] = set()
    for one in (judged(evidence, error) for error in evidence.errors):
        if one is not None and one.rule == rule and (one.error.at.path, one.error.at.line) not in said:
            said.add((one.error.at.path, one.error.at.line))
            yield one


def judged(evidence: Evidence, error: ErrorSeen) -> Refused | None:
    kind, text = error.kind.rpartition(".")[2], error.text
    died = has_ended(evidence, error)
    handed = PATH_OF_VALUE.search(text)
    site = error.site.name if error.site is not None else ""
    if handed is not None:
        rule = "unmarked-metadata" if FIELD.search(handed[2]) else "missing-static"
        return Refused(error, rule, f"it is a `{handed[1]}`, which JAX can't trace", (handed[2],), site, "jit", died)
    size = size_asked(kind, text)
    if not size and kind not in ASKED:
        return None
    found = TRACED_FOR.search(text)
    function, transformation = (found[1].rpartition(".")[2], found[4]) if found else (site, "")
    named = DEPENDS.search(text)
    parameters = names_in(named[1]) if named is not None else ()
    kinds = [error.arguments.get(name, "") for name in parameters] if is_of_call(error, function) else []
    plain = bool(kinds) and all(word in HOST for word in kinds)
    of_fields = plain and all(FIELD.search(name) for name in parameters)
    if of_fields and (size or kind in DECIDES):
        return Refused(error, "unmarked-metadata", size or DECIDES[kind], parameters, function, transformation, died)
    if size:
        rule = "missing-static" if not kinds or "array" not in kinds else "branch-on-tracer"
        return Refused(error, rule, size, parameters, function, transformation, died)
    if plain and kind in DECIDES and transformation in JITS and not NUMBERS & set(kinds):
        return Refused(error, "missing-static", DECIDES[kind], parameters, function, transformation, died)
    return Refused(error, "branch-on-tracer", ASKED[kind], parameters, function, transformation, died)


def size_asked(kind: str, text: str) -> str:
    """The structure that needed the value: a shape, a bound, an argument of `jnp.linspace`; "" for none."""
    found = NEEDED_BY.search(text)
    if found is not None:
        return f"`{found[1] or found[4]}` of `{found[2] or found[3]}`"
    return next((what for words, what in SIZES.items() if words in text or words == kind), "")


def is_of_call(error: ErrorSeen, function: str) -> bool:
    """Whether the arguments that were noted are those of the function that the message names."""
    return error.site is not None and error.site.name.rpartition(".")[2] in (function, "")


def names_in(text: str) -> tuple[str, ...]:
    """`a`, `a and b`, `a, b, and c`."""
    return tuple(part.strip() for part in re.split(r",\s*(?:and\s+)?|\s+and\s+", text) if part.strip())


def has_ended(evidence: Evidence, error: ErrorSeen) -> bool:
    """Whether the process died of it."""
    if not error.process < len(evidence.processes):
        return False
    failure = evidence.processes[error.process].failure
    return failure is not None and failure.kind == error.kind and failure.at is not None and (
        failure.at.path, failure.at.line
    ) == (error.at.path, error.at.line)  # fmt: skip


def how_it_ended(one: Refused) -> str:
    return "the program ended here" if one.died else "the call failed here"
