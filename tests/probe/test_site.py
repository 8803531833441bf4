"""The probe's way into a process, and that nothing shows of it."""

import ast
import os
import sys
from pathlib import Path

import pytest

from jaxaudit_probe.writer import Writer
from probe.observing import FAKE_JAX, SITE, observed, plainly, read

LOOKS = """
import sys
import jax
sys.stdout.write(repr((__name__, __file__, __builtins__ is not None, sorted(globals()))) + "\\n")
print(sys.argv, sys.path, sys.flags, sys.stdin.read(), [str(finder)[:40] for finder in sys.meta_path], sys.warnoptions, sep="\\n")
print([path for path in sys.path_importer_cache if path.endswith("jaxaudit_probe/site")])
print(type(jax.__spec__), type(jax.__loader__), jax.__spec__.name, jax.__file__)
"""


@pytest.mark.parametrize("argv", [(), ("-x", "--", "a b", "")])
def test_the_program_looks_as_always(argv: tuple[str, ...], tmp_path: Path) -> None:
    plain = plainly(tmp_path, LOOKS, *argv, input="typed")
    seen = observed(tmp_path, LOOKS, *argv, input="typed")
    assert "typed" in plain.stdout
    assert (seen.done.stdout, seen.done.stderr) == (plain.stdout, "")


def test_only_modules_of_ours_are_added_before_the_program_begins(tmp_path: Path) -> None:
    program = "import sys\nprint('\\n'.join(sys.modules))"
    added = set(observed(tmp_path, program).done.stdout.split()) - set(plainly(tmp_path, program).stdout.split())
    assert {name for name in added if not name.startswith("jaxaudit_probe")} <= {
        "__future__",
        "_json",
        "atexit",
        "faulthandler",
        "fcntl",
    }


def test_a_file_of_the_programs_may_be_called_as_one_of_pythons(tmp_path: Path) -> None:
    for name in ("json", "signal", "threading", "typing", "functools"):
        (tmp_path / f"{name}.py").write_text(f"whose = 'mine {name}'\n")
    program = "import json, signal\nprint(json.whose, signal.whose)"
    assert observed(tmp_path, program).done.stdout == plainly(tmp_path, program).stdout


OTHERS = {
    "that works": (
        "import sys\nsys.mine = __file__\n",
        "print(sys.mine, sitecustomize.__file__, sitecustomize.__spec__.origin)",
    ),
    "that is a package": (None, "print(sys.mine, sitecustomize.__path__)"),
    "that fails": ("1 / 0\n", "print('sitecustomize' in sys.modules)"),
    "that lacks something": ("import no_such_module\n", "print('sitecustomize' in sys.modules)"),
}


@pytest.mark.parametrize("kind", OTHERS)
def test_a_sitecustomize_of_the_users(kind: str, tmp_path: Path) -> None:
    text, shows = OTHERS[kind]
    own = tmp_path / "own"
    own.mkdir()
    if text is None:
        (own / "sitecustomize").mkdir()
        (own / "sitecustomize" / "__init__.py").write_text("import sys\nsys.mine = __path__\n")
    else:
        (own / "sitecustomize.py").write_text(text)
    program = "import sys\nsitecustomize = sys.modules.get('sitecustomize')\n" + shows
    plain = plainly(tmp_path, program, environ={"PYTHONPATH": f"{own}{os.pathsep}{FAKE_JAX}"})
    seen = observed(tmp_path, program, environ={"PYTHONPATH": os.pathsep.join(map(str, (SITE, own, FAKE_JAX)))})
    assert (seen.done.stdout, seen.done.stderr) == (plain.stdout, plain.stderr)
    assert seen.ends == ["exit"]


def test_nothing_happens_unless_asked(tmp_path: Path) -> None:
    program = "import sys, jax\njax.compile('a')\nprint([name for name in sys.modules if 'audit' in name])"
    seen = observed(tmp_path, program, environ={"JAXAUDIT": ""})
    assert (seen.done.stdout, seen.processes) == ("[]\n", [])


def test_without_a_folder_it_makes_one_that_git_ignores(tmp_path: Path) -> None:
    program = "import os, jax, subprocess, sys\njax.compile('a')\nos.chdir('/')\n"
    child = "subprocess.run([sys.executable, '-c', \"import jax; jax.compile('b')\"])"
    observed(tmp_path, program + child, environ={"JAXAUDIT_RECORD": ""})
    assert (tmp_path / ".jaxaudit" / ".gitignore").read_text() == "*\n"
    (run,) = (tmp_path / ".jaxaudit" / "runs").iterdir()
    names = [line["name"] for lines in read(run) for line in lines if line["k"] == "compile"]
    assert names == ["a", "b"]


def test_a_python_that_has_nothing_to_do_with_jax_leaves_nothing(tmp_path: Path) -> None:
    seen = observed(tmp_path, "print(1)", environ={"JAXAUDIT_RECORD": ""})
    assert (seen.done.stdout, sorted(path.name for path in tmp_path.iterdir())) == ("1\n", ["program.py", "record"])
    assert observed(tmp_path, "print(1)", environ={"JAXAUDIT_RECORD": "elsewhere"}).done.stdout == "1\n"
    assert not (tmp_path / "elsewhere").exists()


def test_an_import_of_jax_that_fails_looks_as_always(tmp_path: Path) -> None:
    broken = tmp_path / "broken" / "jax"
    broken.mkdir(parents=True)
    (broken / "__init__.py").write_text(
        "import sys\nif not hasattr(sys, 'again'):\n    raise RuntimeError('no jaxlib')\n"
    )
    paths = {"PYTHONPATH": str(broken.parent)}
    ours = {"PYTHONPATH": f"{SITE}{os.pathsep}{broken.parent}"}
    plain, seen = (
        plainly(tmp_path, "import jax", environ=paths),
        observed(tmp_path, "import jax", environ=ours),
    )
    assert "RuntimeError: no jaxlib" in plain.stderr
    assert seen.done.stderr == plain.stderr
    again = "import sys\ntry:\n    import jax\nexcept RuntimeError:\n    sys.again = True\nimport jax\n"
    notes = [line["k"] for line in observed(tmp_path, again, environ=ours).processes[-1]]
    assert "note" in notes, "the hooks were tried on what is no JAX"


def test_no_jax_at_all_looks_as_always(tmp_path: Path) -> None:
    program = "import sys\nsys.path[:] = [p for p in sys.path if 'packages' not in p]\nimport jax.numpy"
    plain = plainly(tmp_path, program, environ={"PYTHONPATH": ""})
    seen = observed(tmp_path, program, environ={"PYTHONPATH": str(SITE)})
    assert "No module named 'jax'" in plain.stderr
    assert seen.done.stderr == plain.stderr
    assert [line["k"] for line in seen.main] == ["start", "error", "end"]


def test_it_can_begin_in_a_process_that_has_jax(tmp_path: Path) -> None:
    program = f"""
        import jax, sys
        sys.path.insert(0, {str(SITE.parents[1])!r})
        from jaxaudit_probe import start
        begun = start.begin("record")
        assert start.begin("elsewhere") is begun
        jax.compile("a")
        """
    seen = observed(tmp_path, program, environ={"JAXAUDIT": ""})
    assert (seen.compiled, seen.ends) == (["a"], ["exit"])


def test_a_python_without_its_lock_is_not_observed(tmp_path: Path) -> None:
    program = f"""
        import jax, sys
        sys._is_gil_enabled = lambda: False
        sys.path.insert(0, {str(SITE.parents[1])!r})
        from jaxaudit_probe import start
        start.begin("record")
        print(sys.meta_path[0].__class__.__module__.startswith("jaxaudit"))
        """
    seen = observed(tmp_path, program, environ={"JAXAUDIT": ""})
    assert (seen.done.stdout, seen.done.stderr) == ("False\n", "")
    assert "free-threaded" in seen.of("note")[0]["text"]


def test_a_python_that_is_too_old_can_read_it() -> None:
    """A program may start another Python, of any age: nothing of what came after 2.7 stands in this file."""
    newer = (ast.JoinedStr, ast.AnnAssign, ast.NamedExpr, ast.Nonlocal, ast.AsyncFunctionDef, ast.Starred)
    for node in ast.walk(ast.parse((SITE / "sitecustomize.py").read_text())):
        assert not isinstance(node, newer)
        if isinstance(node, ast.FunctionDef):
            assert not (node.returns or node.args.kwonlyargs or any(one.annotation for one in node.args.args))


def test_the_probe_is_python_3_10() -> None:
    for file in SITE.parent.rglob("*.py"):
        ast.parse(file.read_text("utf-8"), feature_version=(3, 10))


def test_one_writer_is_one_file(tmp_path: Path) -> None:
    writer = Writer(str(tmp_path))
    writer.open()
    writer.open()
    assert len(read(tmp_path)) == 1
    assert read(tmp_path)[0][0]["executable"] == sys.executable


def test_code_of_ours_names_no_file(tmp_path: Path) -> None:
    """So that coverage tools measure the program's own files and no others."""
    program = """
import sys, jax
from types import FunctionType
ours = [module for name, module in sys.modules.items() if name.startswith("jaxaudit_probe")]
held = {one.__code__.co_filename for module in ours for one in vars(module).values() if isinstance(one, FunctionType)}
print(len(held) > 3, sorted(name for name in held if name[:1] != "<"))
"""
    assert observed(tmp_path, program).done.stdout == "True []\n"
