"""The notebook in `cases/coronagraph`: as it is kept, and executed. Its last cell asserts what it found."""

import os
import re
import sys
from pathlib import Path

import nbformat
import pytest
from nbclient import NotebookClient

from jaxaudit.cli.main import main

ROOT = Path(__file__).parents[3]
WALK = ROOT / "cases" / "coronagraph" / "walk.ipynb"


@pytest.fixture
def walk():
    return nbformat.read(WALK, as_version=4)


def test_is_kept_without_what_it_printed(walk):
    nbformat.validate(walk)
    code = [cell for cell in walk.cells if cell.cell_type == "code"]
    assert not any(cell.outputs or cell.execution_count for cell in code)
    assert walk.metadata.kernelspec.name == "python3"


def test_its_contents_lead_to_its_headings(walk):
    text = "\n".join(cell.source for cell in walk.cells if cell.cell_type == "markdown")
    headings = {line.lstrip("# ").replace(" ", "-") for line in text.splitlines() if line.startswith("## ")}
    wanted = re.findall(r"\]\(#(.*?)\),?(?: |\.|,|$|:)", text, re.MULTILINE)
    assert len(wanted) == 7
    assert set(wanted) <= headings


def test_check_finds_nothing_to_do_in_it(capsys):
    assert main(["check", str(WALK), "--unsure"]) == 0, capsys.readouterr().out


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore")  # the client's own; those of the notebook are errors
def test_its_promises_hold(walk, tmp_path, monkeypatch):
    for name in ("TMPDIR", "IPYTHONDIR", "JUPYTER_DATA_DIR", "JUPYTER_RUNTIME_DIR", "MPLCONFIGDIR"):
        (tmp_path / name).mkdir()
        monkeypatch.setenv(name, str(tmp_path / name))
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join([str(ROOT / "src"), *sys.path]))
    monkeypatch.setenv("JAX_NUMPY_DTYPE_PROMOTION", "strict")
    monkeypatch.setenv("JAX_NUMPY_RANK_PROMOTION", "raise")
    strict = nbformat.v4.new_code_cell("import warnings\nwarnings.simplefilter('error')")
    walk.cells.insert(0, strict)
    NotebookClient(walk, timeout=600, kernel_name="python3", resources={"metadata": {"path": str(tmp_path)}}).execute()
    outputs = [output for cell in walk.cells if cell.cell_type == "code" for output in cell.outputs]
    assert sum("image/png" in output.get("data", {}) for output in outputs) == 8
    assert not [output.text for output in outputs if output.get("name") == "stderr"]
