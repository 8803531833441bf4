"""Options of ours behind the program's name, and those that the program knows."""

from jaxaudit.cli.audit import BEHIND, parser
from jaxaudit.cli.own_options import is_below, taken_back


def taken(folder, *words):
    return taken_back(parser(), BEHIND, words, folder)


def test_what_no_file_mentions_is_ours(tmp_path):
    (tmp_path / "fit.py").write_text("print(1)  # a test with a budget\nself.test = 3\n")
    ours, program = taken(
        tmp_path, "fit.py", "--epochs", "3", "--test", "pytest -q", "--dry-run", "--budget=3m", "last"
    )
    assert ours == ["--test", "pytest -q", "--dry-run", "--budget=3m"]
    assert program == ["fit.py", "--epochs", "3", "last"]


def test_what_the_program_may_know_is_its_own(tmp_path):
    (tmp_path / "fit.py").write_text("import cli\n")
    (tmp_path / "cli.py").write_text("parser.add_argument('--test')\ndef main(dry_run: bool, budget=3): ...\n")
    words = ["fit.py", "--test", "x", "--dry-run", "--budget", "3"]
    assert taken(tmp_path, *words) == ([], words)


def test_hidden_folders_are_not_asked(tmp_path):
    (tmp_path / ".venv").mkdir()
    (tmp_path / ".venv" / "cli.py").write_text("'--test'")
    assert taken(tmp_path, "fit.py", "--test", "x") == (["--test", "x"], ["fit.py"])


def test_a_module_and_a_script_elsewhere_keep_all_that_follows(tmp_path):
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "fit.py").write_text("")
    (tmp_path / "out.py").write_text("")
    assert is_below(str(tmp_path / "in" / "fit.py"), tmp_path / "in")
    assert not is_below(str(tmp_path / "out.py"), tmp_path / "in")
    assert not is_below("package.module", tmp_path / "in")


def test_nothing_that_writes_into_the_tree_is_taken():
    assert "--write" not in BEHIND and "--allow-effects" not in BEHIND
