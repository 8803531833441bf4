"""Who may import whom: the floors of the house. A room sees its own files and the rooms named here, nothing else."""

import ast
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

SRC = Path(__file__).parents[1] / "src"

FLOORS: dict[str, tuple[int, tuple[str, ...]]] = {
    "model": (0, ()),
    "source": (1, ("model",)),
    "evidence": (1, ("model",)),
    "flags": (1, ("model",)),
    "report": (1, ("model",)),
    "edits": (2, ("source", "model")),
    "rules": (3, ("edits", "source", "model")),
    "fix": (3, ("edits", "source", "model")),
    "plan": (4, ("rules", "fix", "edits", "flags", "model")),
    "verify": (4, ("evidence", "fix", "model")),
    "steps": (5, ("model", "source", "evidence", "flags", "report", "edits", "rules", "fix", "plan", "verify")),
    "cli": (6, ("steps", "report", "model")),
    "pytest_plugin": (6, ("steps", "report", "model")),
}
PACKAGE = ("__init__", "__main__", "py")
"""Files of the package itself: the version, and the way in."""
CASES, FOR_CASES = "jaxaudit_cases", "jaxaudit/cli/case.py"
"""Workloads import jaxaudit as users do; one command knows of them."""
PROBE = "jaxaudit_probe"
EXTRAS = {"report": ("pygal",)}
"""What a room uses where it is installed, and does without where it is not."""
PRIVATE = f"{PROBE}/private/"
"""The only files that know JAX's insides."""


def imports(file: Path) -> Iterator[tuple[int, str]]:
    """(line, module) of each import in the file, wherever it stands."""
    for node in ast.walk(ast.parse(file.read_bytes())):
        if isinstance(node, ast.Import):
            yield from ((node.lineno, name.name) for name in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{file}:{node.lineno}: imports are written in full"
            yield node.lineno, node.module or ""


def room_of(module: str) -> str:
    """`jaxaudit.source.parse` stands in `source`; `jaxaudit` itself in no room."""
    return module.split(".")[1] if "." in module else ""


def faults(room: str, module: str) -> str:
    """Why this room may not import that module; empty when it may."""
    top = module.partition(".")[0]
    if top == "jaxaudit":
        target = room_of(module)
        allowed = target in ("", room) or target in FLOORS[room][1]
        return "" if allowed else f"{room} stands on floor {FLOORS[room][0]} and may not import {target}"
    if top == PROBE and room == "steps":
        return ""  # `observe()` and `guard()` are the probe, started in the process itself
    if top == room.partition("_")[0]:
        return ""  # the plugin is one of pytest's
    if top in EXTRAS.get(room, ()):
        return ""
    return "" if top in sys.stdlib_module_names else f"{top} is not in the standard library"


def files_of_rooms() -> list[tuple[str, Path]]:
    found = []
    for file in sorted((SRC / "jaxaudit").rglob("*.py")):
        first = file.relative_to(SRC / "jaxaudit").parts[0].removesuffix(".py")
        if first not in PACKAGE:
            found.append((first, file))
    return found


def test_every_room_is_in_the_table() -> None:
    assert {room for room, _ in files_of_rooms()} <= set(FLOORS)


@pytest.mark.parametrize("room", sorted({room for room, _ in files_of_rooms()}))
def test_imports_go_down_only(room: str) -> None:
    wrong = [
        f"{file.relative_to(SRC)}:{line}: {said}"
        for its_room, file in files_of_rooms()
        if its_room == room
        for line, module in imports(file)
        if not (module.partition(".")[0] == CASES and file.relative_to(SRC).as_posix() == FOR_CASES)
        if (said := faults(room, module))
    ]
    assert not wrong, "\n".join(wrong)


def test_the_table_itself_goes_down_only() -> None:
    for room, (floor, allowed) in FLOORS.items():
        for other in allowed:
            assert FLOORS[other][0] < floor, f"{room} must not import {other}"


def test_the_probe_needs_only_jax() -> None:
    allowed = sys.stdlib_module_names | {"jax", "jaxlib", PROBE}
    for file in sorted((SRC / PROBE).rglob("*.py")):
        for line, module in imports(file):
            assert module.partition(".")[0] in allowed, f"{file.relative_to(SRC)}:{line}: {module}"


def names_insides(file: Path) -> list[int]:
    """Lines on which JAX's private package is imported, or written down as text that an import could use."""
    lines = [line for line, module in imports(file) if module.startswith("jax._src")]
    for node in ast.walk(ast.parse(file.read_bytes())):
        said = node.value if isinstance(node, ast.Constant) else None
        inside = isinstance(node, ast.Attribute) and node.attr == "_src"
        if inside or (isinstance(said, str) and said.startswith("jax._src")):
            lines.append(getattr(node, "lineno", 0))
    return lines


def test_only_private_knows_jax_from_inside() -> None:
    found = {file.relative_to(SRC).as_posix() for file in (SRC / PROBE).rglob("*.py") if names_insides(file)}
    assert found
    assert all(name.startswith(PRIVATE) for name in found), found


@pytest.mark.parametrize(
    "text", ["from jax._src import core", "import jax._src.api", "x = __import__('jax._src.api')", "jax._src.core"]
)
def test_that_test_can_fail(tmp_path: Path, text: str) -> None:
    (tmp_path / "file.py").write_text(text)
    assert names_insides(tmp_path / "file.py") == [1]


@pytest.mark.parametrize(
    ("room", "module", "allowed"),
    [
        ("source", "jaxaudit.model", True),
        ("source", "jaxaudit.rules.rule", False),
        ("report", "jaxaudit.steps.check", False),
        ("rules", "jaxaudit.evidence", False),
        ("rules", "jaxaudit.flags", False),
        ("cli", "jaxaudit.source.files", False),
        ("model", "json", True),
        ("source", "jax", False),
        ("steps", "jaxaudit_probe", True),
        ("report", "jaxaudit_probe", False),
        ("cli", "jaxaudit", True),
        ("cli", "jaxaudit_cases.coronagraph", False),
    ],
)
def test_the_test_can_fail(room: str, module: str, allowed: bool) -> None:
    assert (faults(room, module) == "") is allowed
