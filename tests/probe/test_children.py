"""Each process of a program leaves its own record."""

import os
import sys
from pathlib import Path

import pytest

from probe.observing import observed, plainly

FORK = """
import jax, os, sys, time, warnings
warnings.simplefilter("ignore")  # of threads: after its first compile JAX itself has some
jax.count()
jax.compile("parent")
time.sleep(0.3)
child = os.fork()
if not child:
    jax.compile("child")
    os._exit(3)
print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
"""


def test_a_forked_child_has_a_file_of_its_own_and_counts_from_nothing(tmp_path: Path) -> None:
    seen = observed(tmp_path, FORK)
    assert (seen.done.returncode, seen.done.stdout, seen.done.stderr) == (0, "3\n", "")
    parent, child = seen.processes
    assert child[0]["ppid"] == parent[0]["pid"]
    assert (parent[0]["forked"], child[0]["forked"]) == (False, True)
    assert [[line["name"] for line in lines if line["k"] == "compile"] for lines in seen.processes] == [
        ["parent"],
        ["child"],
    ]
    assert seen.calls == [1]
    assert (parent[-1]["how"], child[-1]["how"]) == ("exit", "fork-child")
    assert 0 <= child[-1]["seconds"] < 0.3 < parent[-1]["seconds"]


def test_a_forked_child_repeats_what_its_lines_speak_of(tmp_path: Path) -> None:
    program = """
        import os, jax, jaxaudit_probe.writer
        writer = jaxaudit_probe.writer.current()
        writer.put("site", id=1, name="step")
        if not os.fork():
            writer.put("trace", site=1)
            os._exit(0)
        os.wait()
        """
    _, child = observed(tmp_path, program).processes
    assert [line["k"] for line in child] == ["start", "site", "trace", "end"]


def test_a_child_with_nothing_to_say_leaves_nothing(tmp_path: Path) -> None:
    program = """
        import jax, os, subprocess, sys
        jax.compile("a")
        if not os.fork():
            os._exit(0)
        os.wait()
        subprocess.run([sys.executable, "-c", "print(1)"])
        subprocess.run(["true"], preexec_fn=lambda: None)
        """
    assert len(observed(tmp_path, program).processes) == 1


def test_a_child_that_is_ended_while_it_is_forked(tmp_path: Path) -> None:
    program = """
        import jax, os, signal, sys, time, warnings
        warnings.simplefilter("ignore")  # of threads
        jax.compile("parent")
        for _ in range(50):
            child = os.fork()
            if not child:
                time.sleep(9)
                os._exit(1)
            os.kill(child, signal.SIGTERM)
            if os.waitpid(child, 0)[1] != signal.SIGTERM:
                sys.exit("it went on")
        print("all ended")
        """
    seen = observed(tmp_path, program)
    assert (seen.done.returncode, seen.done.stdout, seen.done.stderr) == (0, "all ended\n", "")


CATCHES = """
import jax, os, signal, warnings
warnings.simplefilter("ignore")  # of threads
def catches():
    with open("/proc/self/status") as status:
        return next(int(line.split()[1], 16) >> 14 & 1 for line in status if line.startswith("SigCgt"))
print(catches(), flush=True)
jax.compile("parent")
print(catches(), flush=True)
if not os.fork():
    print(catches(), flush=True)
    jax.compile("child")
    print(catches(), flush=True)
    os._exit(0)
os.wait()
print(signal.SIGTERM in signal.pthread_sigmask(signal.SIG_BLOCK, []))
"""


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="only there can it be seen")
def test_the_signal_is_left_alone_until_jax_works(tmp_path: Path) -> None:
    seen = observed(tmp_path, CATCHES)
    assert (seen.done.stdout.split(), seen.done.stderr) == (["0", "1", "0", "1", "False"], "")


POOL = """
import jax, multiprocessing, sys
def work(number):
    jax.compile(f"child {number}")
    jax.count()
    return number * 2
if __name__ == "__main__":
    with multiprocessing.get_context(sys.argv[1]).Pool(2) as pool:
        print(sum(pool.map(work, range(4), chunksize=1)))
"""


@pytest.mark.parametrize("method", ["fork", "spawn", "forkserver"])
def test_workers_of_a_pool(method: str, tmp_path: Path) -> None:
    seen = observed(tmp_path, POOL, method)
    assert (seen.done.returncode, seen.done.stdout, seen.done.stderr) == (0, "12\n", "")
    assert seen.compiled == [f"child {number}" for number in range(4)]
    assert sum(seen.calls) == 4, "workers are ended by SIGTERM: totals are kept"


@pytest.mark.parametrize("method", ["fork", "spawn", "forkserver"])
def test_a_process_of_multiprocessing(method: str, tmp_path: Path) -> None:
    program = """
        import jax, multiprocessing, sys
        def work(code):
            jax.compile("child")
            sys.exit(code)
        if __name__ == "__main__":
            process = multiprocessing.get_context(sys.argv[1]).Process(target=work, args=(6,))
            process.start()
            process.join()
            print(process.exitcode)
        """
    seen, plain = observed(tmp_path, program, method), plainly(tmp_path, program, method)
    assert (seen.done.stdout, seen.done.stderr) == (plain.stdout, plain.stderr) == ("6\n", "")
    assert seen.compiled == ["child"]
    assert len(seen.ends) == 2


def test_other_programs_that_it_starts(tmp_path: Path) -> None:
    program = """
        import subprocess, sys
        child = "import jax; jax.compile('child')"
        print(subprocess.run([sys.executable, "-c", child]).returncode)
        print(subprocess.run([sys.executable, "-c", child], cwd="/").returncode)
        """
    seen = observed(tmp_path, program, environ={"JAXAUDIT_RECORD": "record"})
    assert seen.done.stdout == "0\n0\n"
    assert seen.compiled == ["child", "child"]


@pytest.mark.skipif(not hasattr(os, "posix_spawn"), reason="needs a POSIX system")
def test_isolated_children_are_left_alone(tmp_path: Path) -> None:
    program = """
        import subprocess, sys
        for flag in ("-I", "-E", "-S"):
            print(subprocess.run([sys.executable, flag, "-c", "import sys; print(sorted(m for m in sys.modules if 'audit' in m))"]))
        """
    seen = observed(tmp_path, program)
    assert seen.done.stdout.count("[]") == 3
    assert seen.done.stderr == ""
    assert sys.executable in seen.done.stdout
