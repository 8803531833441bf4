"""Programs run in a copy: theirs is what they write there, and nothing else is touched."""

from dataclasses import replace
from pathlib import Path

import pytest

from jaxaudit.verify.outputs import compare, learn
from jaxaudit.verify.running import Way, run


def program(home, text, name="program.py"):
    (home / name).write_text(text)
    return Way((name,))


def test_output_code_and_files(ground, home):
    way = program(home, "import sys\nopen('out.txt', 'a').write('1')\nprint('said', __file__)\nsys.exit(3)\n")
    (home / "out.txt").write_text("0")
    ran = run(ground, way)
    assert (ran.code, ran.stdout) == (3, f"said {home}/program.py\n")
    assert dict(ran.wrote) == {"out.txt": b"01"}
    assert (home / "out.txt").read_text() == "0"


def test_changed_files_are_the_ones_imported(ground, home):
    (home / "part.py").write_text("VALUE = 1\n")
    way = program(home, "import part\nprint(part.VALUE)\n")
    assert run(ground, way, {"part.py": b"VALUE = 2\n"}).stdout == "2\n"
    assert (home / "part.py").read_text() == "VALUE = 1\n"


def test_an_editable_install_does_not_win_over_the_copy(ground, home, monkeypatch):
    (home / "src/pack").mkdir(parents=True)
    (home / "src/pack/__init__.py").write_text("VALUE = 1\n")
    way = program(home, "import pack\nprint(pack.VALUE)\n")
    ground.environ["PYTHONPATH"] = str(home / "src")
    ran = run(ground, way, {"src/pack/__init__.py": b"VALUE = 2\n"})
    assert (ran.stdout, ran.astray) == ("2\n", ())


@pytest.mark.parametrize(
    "write",
    [
        "open({path!r}, 'w')",
        "import os; os.remove({path!r})",
        "import os; os.rename({path!r}, 'here')",
        "import pathlib; pathlib.Path({path!r}).write_text('')",
        "import shutil; shutil.rmtree({folder!r})",
        "import os; os.truncate({path!r}, 0)",
        "import numpy; numpy.save({path!r}, numpy.ones(2))",
    ],
)
def test_a_write_elsewhere_is_stopped_before_it_happens(ground, home, tmp_path, write):
    precious = tmp_path / "precious"
    precious.mkdir()
    file = precious / "results.npy"
    file.write_text("results")
    way = program(
        home, f"print('begin', flush=True)\n{write.format(path=str(file), folder=str(precious))}\nprint('end')\n"
    )
    ran = run(ground, way)
    assert file.read_text() == "results"
    assert "end" not in ran.stdout
    assert ran.outside is not None and ran.outside.what == "write"
    assert (Path(ran.outside.path).name, ran.outside.line) == ("program.py", 2)


def test_an_environment_in_the_working_directory_stays_where_it_is(ground, home):
    """`.venv` beside the program is not copied: what is imported from it is neither astray nor missing."""
    packages = home / ".venv/lib/packages"
    packages.mkdir(parents=True)
    (home / ".venv/pyvenv.cfg").write_text("")
    (packages / "library.py").write_text("VALUE = 1\n")
    ground.environ["PYTHONPATH"] = str(packages)
    ran = run(ground, program(home, "import library\nprint(library.VALUE)\n"))
    assert (ran.stdout, ran.astray, ran.outside) == ("1\n", (), None)


def test_caches_are_written_in_place(ground, home, tmp_path):
    library = tmp_path / "library"
    library.mkdir()
    (library / "part.py").write_text("VALUE = 1\n")
    ground.environ["PYTHONPATH"] = str(library)
    ground.environ.pop("PYTHONDONTWRITEBYTECODE", None)
    ran = run(ground, program(home, "import part\nprint(part.VALUE)\n"))
    assert (ran.stdout, ran.outside) == ("1\n", None)
    assert (library / "__pycache__").is_dir()


def test_bytecode_goes_where_the_user_has_it(ground, home, tmp_path):
    (home / "part.py").write_text("VALUE = 3\n")
    (home / "program.py").write_text("import part\nprint(part.VALUE)\n")
    compiled = {"PYTHONPYCACHEPREFIX": str(tmp_path / "bytecode"), "PYTHONDONTWRITEBYTECODE": ""}
    ran = run(replace(ground, environ={**ground.environ, **compiled}), Way(("program.py",)))
    assert (ran.code, ran.stdout, ran.outside) == (0, "3\n", None)
    assert list((tmp_path / "bytecode").rglob("part*.pyc"))


def test_the_temporary_folder_is_the_runs_own(ground, home):
    way = program(
        home, "import tempfile\nf = tempfile.NamedTemporaryFile('w', delete=False)\nf.write('x')\nprint('well')\n"
    )
    assert run(ground, way).stdout == "well\n"


def test_effects_are_let_through_where_the_user_says_so(home, tmp_path, ground):
    file = tmp_path / "elsewhere.txt"
    way = program(home, f"open({str(file)!r}, 'w').write('x')\n")
    assert run(replace(ground, effects=True), way).code == 0
    assert file.read_text() == "x"


def test_standard_input_is_replayed(ground, home):
    way = program(home, "print(input(), input())\n")
    for _ in range(2):
        assert run(ground, Way(way.words, b"a\nb\n")).stdout == "a b\n"


def test_what_an_exception_says_names_the_files_at_home(ground, home):
    pytest.importorskip("jax")
    ran = run(ground, program(home, "import jax\nraise ValueError(__file__)\n"))
    failure = ran.evidence.environment.failure
    assert failure is not None and failure.text == f"{home}/program.py"


@pytest.mark.parametrize("name", ["stdin", "stdout", "tmp", "record", "copy"])
def test_the_working_directory_may_have_any_name(ground, home, name):
    home = home.rename(home.parent / name)
    way = program(home, "open('a', 'w').write(input())\nprint(__file__)\n")
    ran = run(replace(ground, root=home), Way(way.words, b"x\n"))
    assert (ran.code, ran.stdout, dict(ran.wrote)) == (0, f"{home}/program.py\n", {"a": b"x"})


def test_a_run_that_hangs_is_ended_with_its_children(ground, home):
    way = program(
        home, "import subprocess, sys\nsubprocess.run([sys.executable, '-c', 'import time; time.sleep(600)'])\n"
    )
    ran = run(ground, way, timeout=3)
    assert ran.hung and ran.seconds < 60


def test_what_differs_from_run_to_run_is_learned(ground, home):
    way = program(home, "import time\nprint('took', time.time(), 's; result 1.5')\n")
    first, second, third = (run(ground, way) for _ in range(3))
    stable = learn(first, second)
    assert compare(first, third, stable).none
    other = run(ground, way, {"program.py": b"import time\nprint('took', time.time(), 's; result 1.9')\n"})
    assert compare(first, other, stable).relative > 0.1


def test_an_exception_that_ends_it_is_compared_and_the_lines_of_its_traceback_are_not(ground, home):
    raising = "def fail(x):\n    raise ValueError(f'no {x}')\n\nfail('luck')\n"
    way = program(home, raising)
    first, second = run(ground, way), run(ground, way)
    stable = learn(first, second)
    moved = run(ground, way, {"program.py": b"import sys\n\n" + raising.replace("fail", "fall").encode()})
    assert first.code == 1 and compare(first, moved, stable).none
    other = run(ground, way, {"program.py": raising.replace("luck", "hope").encode()})
    assert "hope" in compare(first, other, stable).other
