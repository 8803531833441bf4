"""Every way in which a process can end leaves its evidence, and looks as it does without us."""

import time
from pathlib import Path

import pytest

from probe.observing import observed, plainly

HEAD = "import jax, os, signal, sys, time\njax.count()\njax.compile('a')\n"
ENDS = {
    "normally": ("print('done')", 0, "exit"),
    "sys.exit": ("sys.exit(3)", 3, "exit"),
    "sys.exit with a text": ("sys.exit('why')", 1, "exit"),
    "an exception": ("def f():\n    raise ValueError('x')\nf()", 1, "exception"),
    "SIGINT": ("os.kill(os.getpid(), signal.SIGINT); time.sleep(5)", -2, "signal 2"),
    "SIGTERM": ("os.kill(os.getpid(), signal.SIGTERM); time.sleep(5)", -15, "signal 15"),
    "os._exit": ("print('lost in the buffer'); os._exit(5)", 5, "os._exit"),
    "a thread that is waited for": (
        "import threading\nthreading.Thread(target=lambda: (time.sleep(0.1), jax.compile('b'))).start()",
        0,
        "exit",
    ),
    "work at exit": ("import atexit\natexit.register(jax.compile, 'b')", 0, "exit"),
    "a user's handler": (
        "signal.signal(15, lambda *_: sys.exit(7)); os.kill(os.getpid(), 15); time.sleep(5)",
        7,
        "exit",
    ),
    "a closed standard error": ("sys.stderr.close()", 0, "exit"),
}


@pytest.mark.parametrize("way", ENDS)
def test_the_record_is_complete(way: str, tmp_path: Path) -> None:
    program, code, how = ENDS[way]
    seen, plain = observed(tmp_path, HEAD + program), plainly(tmp_path, HEAD + program)
    assert plain.returncode == code
    assert (seen.done.returncode, seen.done.stdout, seen.done.stderr) == (code, plain.stdout, plain.stderr)
    assert seen.compiled[0] == "a"
    assert ("b" in seen.compiled) == ("'b'" in program)
    assert seen.ends == [how]
    assert seen.calls == [1]
    assert seen.main[-1]["k"] == "end"


@pytest.mark.parametrize(
    "way", ["os.abort()", "os.kill(os.getpid(), signal.SIGKILL)", "import ctypes; ctypes.string_at(0)"]
)
def test_what_no_program_can_see_coming_costs_only_the_end(way: str, tmp_path: Path) -> None:
    program = f"import resource\nresource.setrlimit(resource.RLIMIT_CORE, (0, 0))\n{HEAD}{way}"
    seen, plain = observed(tmp_path, program), plainly(tmp_path, program)
    assert (seen.done.returncode, seen.done.stdout, seen.done.stderr) == (plain.returncode, plain.stdout, plain.stderr)
    assert seen.done.returncode < 0
    assert (seen.compiled, seen.ends) == (["a"], [])


def test_totals_are_saved_while_the_program_runs(tmp_path: Path) -> None:
    soon = "import jaxaudit_probe.writer as writer\nwriter.SOONEST = 0.05\n"
    seen = observed(tmp_path, f"{soon}{HEAD}time.sleep(0.5)\nos.kill(os.getpid(), signal.SIGKILL)")
    assert [line["calls"] for line in seen.of("calls")] == [1], "once: it did not change"


def test_exec_says_goodbye_and_the_next_program_begins_anew(tmp_path: Path) -> None:
    after = "import jax, sys; jax.compile('b'); print(sys.argv); sys.exit(4)"
    program = f"{HEAD}os.execv(sys.executable, [sys.executable, '-c', {after!r}, 'x'])"
    seen, plain = observed(tmp_path, program), plainly(tmp_path, program)
    assert (seen.done.returncode, seen.done.stdout, seen.done.stderr) == (4, plain.stdout, plain.stderr)
    assert seen.ends == ["exec", "exit"]
    assert seen.compiled == ["a", "b"]
    assert len({lines[0]["pid"] for lines in seen.processes}) == 1


def test_exec_of_nothing_is_no_end(tmp_path: Path) -> None:
    program = f"{HEAD}try:\n    os.execvp('no-such-program', ['x'])\nexcept OSError as error:\n    print(error)\njax.compile('b')"
    seen = observed(tmp_path, program)
    assert seen.done.stdout == plainly(tmp_path, program).stdout
    assert seen.compiled == ["a", "b"]
    assert seen.ends[-1] == "exit"
    assert seen.main[-1]["k"] == "end"


def test_what_watches_the_ends_cannot_be_seen(tmp_path: Path) -> None:
    program = f"""{HEAD}
import inspect
print(signal.getsignal(signal.SIGTERM) is signal.SIG_DFL, signal.signal(signal.SIGTERM, signal.SIG_IGN) is signal.SIG_DFL)
print(os._exit.__name__, os.execve.__module__, os.execve in os.supports_fd, inspect.signature(os._exit))
print(signal.set_wakeup_fd(-1), sys.excepthook is sys.__excepthook__)
import threading
print([thread.name for thread in threading.enumerate()])
"""
    seen, plain = observed(tmp_path, program), plainly(tmp_path, program)
    assert plain.stderr == ""
    assert seen.done.stdout == plain.stdout


def test_an_ignored_signal_stays_ignored(tmp_path: Path) -> None:
    program = "import signal\nsignal.signal(signal.SIGTERM, signal.SIG_IGN)\n" + HEAD
    seen = observed(tmp_path, program + "os.kill(os.getpid(), signal.SIGTERM)\nprint('here')")
    assert (seen.done.returncode, seen.done.stdout, seen.ends) == (0, "here\n", ["exit"])


def test_sigterm_ends_a_process_whose_main_thread_is_deep_in_native_code(tmp_path: Path) -> None:
    program = f"""{HEAD}
import hashlib, threading
def end():
    time.sleep(0.2)
    os.kill(os.getpid(), signal.SIGTERM)
threading.Thread(target=end).start()
hashlib.pbkdf2_hmac("sha256", b"", b"", 40_000_000)
"""
    began = time.monotonic()
    seen = observed(tmp_path, program)
    assert time.monotonic() - began < 5, "the native call alone takes longer"
    assert (seen.done.returncode, seen.done.stderr, seen.ends) == (-15, "", ["signal 15"])
    assert seen.calls == [1]


@pytest.mark.skipif(not Path("/proc/self/task").exists(), reason="only there can it be seen")
def test_our_threads_take_no_signal_from_the_program(tmp_path: Path) -> None:
    program = f"""{HEAD}
from pathlib import Path
for thread in sorted(Path("/proc/self/task").iterdir(), key=lambda thread: int(thread.name)):
    status = dict(line.split(":\\t", 1) for line in (thread / "status").read_text().splitlines())
    print([number for number in (2, 10, 14, 15) if int(status["SigBlk"], 16) >> (number - 1) & 1])
"""
    main, *ours = observed(tmp_path, program).done.stdout.splitlines()
    assert main == "[]"
    assert ours and set(ours) == {"[2, 10, 14, 15]"}


def test_a_handler_that_comes_later_is_the_one(tmp_path: Path) -> None:
    program = f"{HEAD}import ctypes\nnative = ctypes.CDLL(None)\n"
    later = "signal.signal(15, lambda *_: print('mine'))\nos.kill(os.getpid(), 15)\ntime.sleep(0.6)\nprint('alive')"
    seen = observed(tmp_path, program + later)
    assert (seen.done.returncode, seen.done.stdout, seen.done.stderr) == (0, "mine\nalive\n", "")


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="only there can it be known")
def test_a_handler_of_native_code_stays(tmp_path: Path) -> None:
    program = """
        import ctypes, os, time
        noted = ctypes.CFUNCTYPE(None, ctypes.c_int)(lambda number: os.write(1, b"native\\n"))
        ctypes.CDLL(None).signal(15, noted)
        import jax
        jax.compile("a")
        os.kill(os.getpid(), 15)
        time.sleep(0.1)
        print("alive")
        """
    seen = observed(tmp_path, program)
    assert (seen.done.returncode, seen.done.stdout, seen.done.stderr) == (0, "native\nalive\n", "")
