"""Small programs, read as the tool reads them."""

from collections.abc import Mapping
from pathlib import Path
from tempfile import TemporaryDirectory
from textwrap import dedent

from jaxaudit.source import values as v
from jaxaudit.source.program import Program
from jaxaudit.source.reading import read_program
from jaxaudit.source.scopes import Function

HEAD = "import functools\nimport jax\nimport jax.numpy as jnp\nimport numpy as np\nfrom jax import lax\n"


def program_of(source: str | Mapping[str, str], *, head: bool = True) -> Program:
    """The linked program of one file (`main.py`, the usual imports put in front), or of several by their paths."""
    files = {"main.py": (HEAD if head else "") + dedent(source)} if isinstance(source, str) else source
    with TemporaryDirectory() as folder:
        paths = []
        for name, text in files.items():
            path = Path(folder, name)
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(dedent(text))
            paths.append(str(path))
        program = read_program(sorted(paths), context=False)
    assert program.unread == []
    return program


def function(program: Program, name: str) -> Function:
    found = [f for m in program.by_path.values() for f in (m.function, *m.functions) if f.qualname == name]
    assert len(found) == 1, f"{name}: {found}"
    return found[0]


def bound(program: Program, name: str, scope: str = "<module>") -> v.Value:
    """The last value that a scope binds to a name."""
    return function(program, scope).flow.bindings[name][-1]
