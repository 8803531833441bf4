import os

import pytest

from jaxaudit.model.mistake import Mistake
from jaxaudit.verify.workcopy import make_copy, snapshot, written_since


def test_a_copy_holds_what_a_program_needs(tmp_path):
    home = tmp_path / "home"
    for path in (
        "program.py",
        "data/values.csv",
        ".git/config",
        "__pycache__/a.pyc",
        "venv/pyvenv.cfg",
        "venv/lib/x.py",
    ):
        (home / path).parent.mkdir(parents=True, exist_ok=True)
        (home / path).write_text(path)
    (home / "link.csv").symlink_to("data/values.csv")
    make_copy(home, tmp_path / "copy")
    found = {os.path.relpath(path, tmp_path / "copy") for path in (tmp_path / "copy").rglob("*") if not path.is_dir()}
    assert found == {"program.py", "data/values.csv", "link.csv"}
    assert (tmp_path / "copy/link.csv").is_symlink()


def test_too_much_data_is_named(tmp_path):
    (tmp_path / "home").mkdir()
    (tmp_path / "home/big.bin").write_bytes(b"x" * 2000)
    with pytest.raises(Mistake, match="--read-only"):
        make_copy(tmp_path / "home", tmp_path / "copy", limit=1000)
    make_copy(tmp_path / "home", tmp_path / "copy", limit=1000, read_only=(tmp_path / "home/big.bin",))
    assert (tmp_path / "copy/big.bin").is_symlink()


def test_what_was_written_is_found(tmp_path):
    for name in ("kept", "changed", "gone"):
        (tmp_path / name).write_text(name)
    before = snapshot(tmp_path)
    (tmp_path / "changed").write_text("otherwise")
    (tmp_path / "gone").unlink()
    (tmp_path / "new").write_text("")
    assert written_since(tmp_path, before) == ("changed", "gone", "new")
