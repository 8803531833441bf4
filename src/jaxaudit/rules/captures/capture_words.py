"""How much the captures of a function weigh, how sure we are of them, and in which words they are told."""

from typing import Any

from jaxaudit.model import Note
from jaxaudit.rules.captures.captured_values import Captured, of_one_program, weight
from jaxaudit.rules.captures.held_arrays import SMALL, Held, described, origin, readable
from jaxaudit.rules.control_flow.in_sight import is_imported, surely_run
from jaxaudit.source.facts import start
from jaxaudit.source.program import Program

LARGE = 2 * 1024 * 1024
"""What a jitted function may capture before it is told by default: the budget `captured-bytes` unless set."""
FILES = frozenset(
    {"numpy.load", "jax.numpy.load", "astropy.io.fits.getdata", "numpy.memmap", "numpy.lib.format.open_memmap",
     "numpy.fromfile", "equinox.tree_deserialise_leaves", "astropy.io.fits.open", "h5py.File", "xarray.open_dataset"}
)  # fmt: skip
"""Loaders of files that people write when an array is too large for the source."""

Group = list[Captured]


def known_bytes(program: Program, group: Group) -> int | None:
    """Bytes of all arrays that the jitted function captures; None where a size is not known and may matter."""
    total = sum([weight(one) for one in of_one_program(program, group[0])])
    unknown = any(held.bytes is None for one in group for held in one.arrays)
    return None if unknown and total <= LARGE else total


def is_small(program: Program, group: Group) -> bool:
    total = known_bytes(program, group)
    return total is not None and (total < SMALL or sum(map(weight, group)) < SMALL)


def confidence(program: Program, group: Group, total: int | None) -> float:
    """Certain where the size is known, or where the array comes out of a binary file; else a run must tell the size."""
    if group[0].compiled.only_in_tests:
        return 0.5
    if group[0].site.use.spec.kind not in ("jit", "pmap"):
        return 0.6 if total is not None else 0.3
    if total is not None:
        return 0.95 if total > LARGE else 0.9
    if any(held.loader in FILES for one in group for held in one.arrays):
        return 0.8 if is_script(program, group) else 0.6  # a library's tables may be small
    if group[0].how == "default" or group[0].compiled.through_parameter:
        return 0.4
    return 0.4 if all(held.promised for one in group for held in one.arrays) else 0.6


def is_script(program: Program, group: Group) -> bool:
    """Whether the file that jits the function also loads the array, and is run."""
    site = group[0].site.flow.function
    made = [origin(program, held.value) for one in group for held in one.arrays if held.loader in FILES]
    here = any(place is not None and place.path == site.module.path for place in made)
    return here and surely_run(program, site) and not is_imported(program, site.module)


def subject(captured: Captured) -> str:
    where = captured.compiled.where
    return where if where.startswith("`") else where[0].upper() + where[1:]


def objects(program: Program, group: Group) -> str:
    """`data` (float32[9,9], 324 B) and `target` (...): what is captured, the largest first, four at most."""
    arrays = [(one.spelled(held), held) for one in group for held in one.arrays]
    arrays.sort(key=lambda pair: pair[1].bytes or 0, reverse=True)
    arrays = [pair for pair in arrays if pair[1].bytes is None or pair[1].bytes >= SMALL // 4] or arrays
    named = [f"`{spelled}`{in_brackets(described(held))}" for spelled, held in arrays[:3]]
    if len(arrays) > 3:
        named.append(f"{len(arrays) - 3} more")
    words = ", ".join(named[:-1]) + " and " + named[-1] if len(named) > 1 else named[0]
    total = known_bytes(program, group)
    here = sum([weight(one) for one in group])
    if total is not None and (len(arrays) > 1 or total - here >= SMALL):
        words += f", {readable(total)} in all"
    return words


def surroundings(captured: Captured) -> str:
    home = getattr(captured.base, "home", None)
    if home is None or home.function.is_module:
        return "the module around it"
    return f"`{home.function.name}` around it"


def biggest(group: Group) -> tuple[Captured, Held]:
    return max([(one, held) for one in group for held in one.arrays], key=lambda pair: pair[1].bytes or 0)


def in_brackets(words: str) -> str:
    return f" ({words})" if words else ""


def facts_of(group: Group, total: int | None, key: str = "bytes") -> dict[str, Any]:
    site = group[0].site
    found: dict[str, Any] = {
        "function": site.function.name,
        "arrays": [one.spelled(held) for one in group for held in one.arrays],
        "wrapper": site.use.short,
    }
    shapes = [described(held) for one in group for held in one.arrays]
    if any(shapes):
        found["shapes"] = shapes
    if total is not None:
        found[key] = total
    return found


def notes_of(program: Program, group: Group) -> list[Note]:
    """Where the largest array is made, where the others are read, where the function is jitted."""
    captured, held = biggest(group)
    notes = []
    made = origin(program, held.value)
    if made is not None and made.line != captured.place.line:
        notes.append(Note(made, f"`{captured.spelled(held)}` is made here"))
    for other in group[:4]:
        if other.place.line not in (group[0].place.line, *[note.place.line for note in notes]):
            notes.append(Note(other.place, f"`{other.name}` is read here"))
    site = captured.site
    if (site.flow.function.module.path, start(site.call.expr)[0]) != (captured.place.path, captured.place.line):
        verb = "jitted" if site.use.spec.kind in ("jit", "pmap") else "handed over"
        notes.append(Note(program.place(site.flow, site.call.expr), f"{captured.compiled.name} is {verb} here"))
    return notes
