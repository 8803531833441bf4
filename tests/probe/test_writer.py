"""The record of one process, whatever the program does to it."""

import json
import threading
from pathlib import Path

import pytest

from jaxaudit_probe.line_text import json_text
from jaxaudit_probe.writer import HIGH, Writer
from probe.observing import observed, read


def test_a_line_is_whole_as_soon_as_it_is_said(tmp_path: Path) -> None:
    writer = Writer(str(tmp_path / "record"))
    writer.put("site", id=1, name="step", user=True)
    (lines,) = read(tmp_path / "record")
    assert [line["k"] for line in lines] == ["start", "site"]
    assert {name: lines[1][name] for name in ("id", "name", "user")} == {"id": 1, "name": "step", "user": True}
    assert 0 <= lines[0]["t"] <= lines[1]["t"] < 60


def test_the_first_line_says_what_runs(tmp_path: Path) -> None:
    seen = observed(tmp_path, "print(1)", "--epochs", "3")
    start = seen.main[0]
    assert (start["v"], start["argv"]) == (1, ["program.py", "--epochs", "3"])
    assert start["command"][1:] == ["program.py", "--epochs", "3"]
    assert start["cwd"] == str(tmp_path)
    assert set(start) >= {"pid", "ppid", "executable", "python", "time"}


@pytest.mark.parametrize("argv", [(), ("--password", "secret")])
def test_arguments_can_be_kept_out(argv: tuple[str, ...], tmp_path: Path) -> None:
    seen = observed(tmp_path, "import sys\nprint(sys.argv[1:])", *argv, environ={"JAXAUDIT_REDACT": "1"})
    assert seen.done.stdout == f"{[*argv]}\n"
    assert seen.main[0]["argv"] == ["program.py", *("..." for _ in argv)]
    assert seen.main[0]["command"][1:] == ["program.py", *("..." for _ in argv)]


def test_what_cannot_be_written_down_is_noted(tmp_path: Path) -> None:
    class Odd:
        def __repr__(self) -> str:
            raise ValueError("no words")

    writer = Writer(str(tmp_path / "record"))
    writer.put("site", name=Odd())
    assert read(tmp_path / "record")[0][1]["text"] == "a line of site was lost: ValueError('no words')"


def test_threads_share_one_file_and_do_not_tear_its_lines(tmp_path: Path) -> None:
    writer = Writer(str(tmp_path / "record"))
    threads = [
        threading.Thread(target=lambda: [writer.put("trace", text="x" * 500) for _ in range(200)]) for _ in range(4)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    (lines,) = read(tmp_path / "record")
    assert [line["k"] for line in lines] == ["start"] + ["trace"] * 800


def test_totals_are_said_again_only_when_they_changed(tmp_path: Path) -> None:
    writer, total = Writer(str(tmp_path / "record")), [1]
    writer.at_end(lambda: writer.put("calls", calls=total[0]))
    for count in (1, 1, 2, 2):
        total[0] = count
        writer.flush_totals()
    writer.finish("exit")
    writer.finish("os._exit")
    assert [line.get("calls", line.get("how")) for line in read(tmp_path / "record")[0][1:]] == [1, 2, "exit"]


def test_totals_that_fail_are_noted_and_the_others_kept(tmp_path: Path) -> None:
    writer = Writer(str(tmp_path / "record"))
    writer.at_end(lambda: print({}["x"]))
    writer.at_end(lambda: writer.put("calls", calls=1))
    writer.flush_totals()
    assert [line["k"] for line in read(tmp_path / "record")[0]] == ["start", "note", "calls"]


def test_a_full_disk_is_said_once_and_disturbs_nothing(tmp_path: Path) -> None:
    program = """
        import jax, resource
        jax.compile("a")
        jax.compile("b" * 400)
        soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
        resource.setrlimit(resource.RLIMIT_FSIZE, (700, hard))
        for number in range(5):
            jax.compile("c" * 400)
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
        print("done")
        """
    seen = observed_roughly(tmp_path, program)
    assert (seen.returncode, seen.stdout) == (0, "done\n")
    assert seen.stderr.startswith("jaxaudit: the record can't be written (File too large: ")
    assert seen.stderr.endswith("); the program is not affected, and what was recorded until now is kept\n")
    assert seen.stderr.count("\n") == 1
    (file,) = (tmp_path / "record").iterdir()
    whole = [json.loads(line) for line in file.read_text().splitlines() if line.endswith("}")]
    assert [line["name"][0] for line in whole if line["k"] == "compile"][:1] == ["a"]


def observed_roughly(folder: Path, program: str):  # type: ignore[no-untyped-def]
    """The process alone: its record may end in the middle of a line."""
    from probe import observing

    original, observing.read = observing.read, lambda record: []
    try:
        return observed(folder, program).done
    finally:
        observing.read = original


def test_a_folder_that_cannot_be_made(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    seen = observed(tmp_path, "import jax\njax.compile('a')\nprint(1)", environ={"JAXAUDIT_RECORD": "file/record"})
    assert (seen.done.returncode, seen.done.stdout) == (0, "1\n")
    assert seen.done.stderr.count("jaxaudit: the record can't be written (Not a directory: ") == 1


def test_a_program_that_closes_every_file_loses_nothing(tmp_path: Path) -> None:
    program = """
        import jax, os
        jax.compile("a")
        os.closerange(3, 2000)
        own = [os.open(f"own{number}", os.O_CREAT | os.O_WRONLY) for number in range(110)]
        jax.compile("b")
        print(any(os.fstat(number).st_size for number in own))
        """
    seen = observed(tmp_path, program)
    assert seen.done.stdout == "False\n"
    assert seen.compiled == ["a", "b"]
    assert len(seen.processes) == 1


def test_the_program_gets_the_numbers_of_files_that_it_would_get(tmp_path: Path) -> None:
    program = "import jax\njax.compile('a')\nprint(open('program.py').fileno())"
    assert observed(tmp_path, program).done.stdout == "3\n"
    assert HIGH > 3


@pytest.mark.parametrize(
    "value",
    [None, True, 0, -3, 1.5, "", 'a "b"\n\\ \u00e9 \U0001f600', [1, [2]], {"a": {"b": []}}, ["x", None, False], 10**30],
)
def test_json_is_json(value: object) -> None:
    assert json.loads(json_text(value)) == value


@pytest.mark.parametrize(
    ("value", "said"),
    [
        (float("nan"), None),
        (float("-inf"), None),
        ((1, 2), [1, 2]),
        ({3: 4}, {"3": 4}),
        (Path("a"), "a"),
        ("\ud800", "\ud800"),
    ],
)
def test_what_json_has_no_word_for(value: object, said: object) -> None:
    assert json.loads(json_text(value)) == said


def test_numbers_of_numpy() -> None:
    numpy = pytest.importorskip("numpy")
    assert json_text([numpy.int64(3), numpy.float32(0.5), numpy.bool_(True)]) == "[3, 0.5, true]"
