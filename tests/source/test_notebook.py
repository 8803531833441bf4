"""A notebook's cells become one source, line by line."""

import ast
import json

import pytest

from jaxaudit.model import Unread
from jaxaudit.source.notebook import CellLine, Notebook, notebook_source


def notebook(*cells: str | list[str], **metadata: object) -> bytes:
    code = [{"cell_type": "code", "source": cell} for cell in cells]
    return json.dumps({"cells": [{"cell_type": "markdown", "source": "# x"}, *code], "metadata": metadata}).encode()


def source(*cells: str | list[str]) -> str:
    read = notebook_source(notebook(*cells))
    assert isinstance(read, Notebook)
    assert read.unread == []
    ast.parse(read.source)
    return read.source.decode()


def test_lines_lead_back_to_cells() -> None:
    read = notebook_source(notebook("import jax\nx = 1", ["y = 2\n", "z = 'é'"]))
    assert read == Notebook(
        "import jax\nx = 1\ny = 2\nz = 'é'\n".encode(),
        [CellLine(2, 1), CellLine(2, 2), CellLine(3, 1), CellLine(3, 2)],
        [],
        {},
    )


@pytest.mark.parametrize(
    ("cell", "expected"),
    [
        ("%matplotlib inline\nx = 1", "pass\nx = 1\n"),
        ("!pip install \\\n  jax\nx = 1", "pass\n\nx = 1\n"),
        ("files = !ls\n", "files = None\n\n"),
        ("path = %pwd", "path = None\n"),
        ("if a:\n    %load_ext x", "if a:\n    pass\n"),
        ("%time y = f(x)", "0;    y = f(x)\n"),
        ("%timeit -n 10 f(x)", "0;            f(x)\n"),
        ("jax.jit?", "pass\n"),
        ("?jax.jit", "pass\n"),
        ("%%time\ny = (3\n % 4)", "#%%time\ny = (3\n % 4)\n"),
        ("\n%%timeit -n 3\nf(x)", "\n#%%timeit -n 3\nf(x)\n"),
        ("%%bash\nls | wc", "\n\n"),
        ("x = (5\n  % 3)", "x = (5\n  % 3)\n"),
        ("s = '''\n!not a shell line\n'''", "s = '''\n!not a shell line\n'''\n"),
        ("await f(x)", "await f(x)\n"),
    ],
)
def test_magics_leave_every_line_where_it_is(cell: str, expected: str) -> None:
    assert source(cell) == expected


def test_a_broken_cell_is_named_and_the_others_are_read() -> None:
    read = notebook_source(notebook("x = 1", "some notes, no code", "y = 2"))
    assert isinstance(read, Notebook)
    assert read.source == b"x = 1\n\ny = 2\n"
    assert read.unread == [(3, "syntax error: invalid syntax (line 1)")]


def test_format_3_is_read() -> None:
    cells = [{"cell_type": "code", "input": ["x = 1"]}, {"cell_type": "heading", "source": "x"}]
    read = notebook_source(json.dumps({"worksheets": [{"cells": cells}]}).encode())
    assert read == Notebook(b"x = 1\n", [CellLine(1, 1)], [], {})


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"", "not a notebook: Expecting value (line 1)"),
        (b"{\n,", "not a notebook: Expecting property name enclosed in double quotes (line 2)"),
        (b"\xff", "not a notebook: UnicodeDecodeError (line 1)"),
        (b"[" * 100_000, "not a notebook: RecursionError (line 1)"),
        (b"[]", "not a notebook: it holds no list of cells (line 1)"),
        (b'{"cells": 3}', "not a notebook: it holds no list of cells (line 1)"),
        (notebook("f(x) = x", kernelspec={"language": "julia"}), "a notebook in julia, not in Python (line 1)"),
    ],
)
def test_what_is_no_python_notebook_says_why(data: bytes, reason: str) -> None:
    assert notebook_source(data, "n.ipynb") == Unread("n.ipynb", reason)


def test_odd_cells_do_no_harm() -> None:
    cells = [
        1,
        None,
        {},
        {"cell_type": "code"},
        {"cell_type": "code", "source": [1, "x"]},
        {"cell_type": "code", "source": 5},
    ]
    read = notebook_source(json.dumps({"cells": cells}).encode())
    assert isinstance(read, Notebook)
    assert read.source == b"\nx\n"
