from pathlib import Path

import pytest

from fake_engine import Project
from jaxaudit.model.mistake import Mistake
from jaxaudit.steps.config import Ways, byte_count, read_config


def test_every_key_of_the_contract(project: Project) -> None:
    project.write(
        "pyproject.toml",
        """
[tool.jaxaudit]
select = ["random"]
ignore = ["key-reuse"]
exclude = ["build"]
per-file-ignores = {"tests/**" = ["jit-in-loop"]}
captured-bytes = "1 MiB"
never-static = ["contrast", "offset"]
keep-signatures = true
project = ["src/mine"]
baseline = "known.json"
cache-dir = ".cache"
python = "../env/bin/python"
tolerance = {float32 = 1e-4}

[tool.jaxaudit.audit]
program = "simulate.py"
args = ["--fast"]
also = ["other.py"]
test = "pytest -q"
calls = 5
""",
    )
    config = read_config(project.root)
    assert config.select == ("random",)
    assert config.per_file_ignores == (("tests/**", ("jit-in-loop",)),)
    assert config.captured_bytes == 1024 * 1024
    assert config.never_static == ("contrast", "offset")
    assert config.keep_signatures
    assert config.tolerance == (("float32", 1e-4),)
    assert config.audit == Ways("simulate.py", args=("--fast",), also=("other.py",), test="pytest -q", calls=5)
    assert config.audit.words == ("simulate.py", "--fast")
    assert config.root == project.root


def test_the_nearest_file_with_our_table_governs(project: Project) -> None:
    project.write("pyproject.toml", '[tool.jaxaudit]\nselect = ["random"]\n')
    project.write("inner/pyproject.toml", '[project]\nname = "jaxaudit-user"\n')
    assert read_config(project.write("inner/a.py", "")).select == ("random",)


def test_no_file_is_fine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert read_config(tmp_path).select == ()


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("selcet = []", "pyproject.toml: [tool.jaxaudit] has no key 'selcet'; did you mean 'select'?"),
        ("xyzzy = 1", "pyproject.toml: [tool.jaxaudit] has no key 'xyzzy'; the keys are select, ignore, exclude,"),
        ('select = "a"', "select in [tool.jaxaudit] must be a list of strings such as [\"key-reuse\"], not 'a'"),
        ("keep-signatures = 1", "keep-signatures in [tool.jaxaudit] must be true or false, not 1"),
        ('captured-bytes = "2 MX"', "must be a number of bytes or a size such as \"2MiB\", not '2 MX'"),
        ("captured-bytes = true", "must be a number of bytes"),
        ("audit = 1", 'audit in [tool.jaxaudit] must be a table such as {program = "simulate.py", args'),
        ("audit = {prog = 1}", "must be a table of program, module, entry, args, also, test, calls; it has 'prog'"),
        ("audit = {also = 1}", 'must be a table whose also is a list of strings such as ["sensitivity.py --fast"]'),
        ("audit = {calls = 0}", "must be a table whose calls is a whole number such as 10"),
        ('audit = {program = "a.py", entry = "a:b"}', "must be a table with one of program, module and entry"),
        ("tolerance = 1e-5", "tolerance in [tool.jaxaudit] must be a table such as {float32 = 1e-5, float64 = 1e-9}"),
        ("tolerance = {float31 = 1e-5}", "must be a table such as {float32"),
        ("tolerance = {float32 = true}", "must be a table such as {float32"),
        ("baseline = []", "baseline in [tool.jaxaudit] must be a string, not []"),
        ("per-file-ignores = []", "must be a table such as"),
        ('per-file-ignores = {"a" = "b"}', "must be a table of lists such as"),
        ('never-static = "contrast"', 'never-static in [tool.jaxaudit] must be a list of strings such as ["contrast"]'),
    ],
)
def test_the_words_of_errors(project: Project, text: str, sentence: str) -> None:
    project.write("pyproject.toml", f"[tool.jaxaudit]\n{text}\n")
    with pytest.raises(Mistake) as error:
        read_config(project.root)
    assert sentence in str(error.value)


def test_broken_toml_is_a_mistake(project: Project) -> None:
    project.write("pyproject.toml", "[tool.jaxaudit\n")
    with pytest.raises(Mistake, match=r"^pyproject\.toml is not valid TOML: "):
        read_config(project.root)


@pytest.mark.parametrize(
    ("said", "count"), [(2048, 2048), ("2048", 2048), ("2 KiB", 2048), ("2kb", 2000), ("1.5MiB", 1572864), ("0", 0)]
)
def test_sizes(said: object, count: int) -> None:
    assert byte_count(said) == count


@pytest.mark.parametrize("said", [True, -1, "", "MiB", "-1", "nan", "2 furlongs", "infMiB", None])
def test_what_is_no_size(said: object) -> None:
    with pytest.raises(ValueError):
        byte_count(said)


def test_a_tool_that_is_no_table_is_not_ours(project: Project) -> None:
    project.write("pyproject.toml", "tool = 3  # not jaxaudit's")
    assert read_config(project.root).file is None


def test_a_file_that_may_not_be_read_is_named(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    project.write("pyproject.toml", "[tool.jaxaudit]\n")

    def refused(path: Path) -> bytes:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "read_bytes", refused)
    with pytest.raises(Mistake, match=r"^pyproject.toml can't be read: Permission denied$"):
        read_config(project.root)
