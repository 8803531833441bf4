"""One program, many processes: each leaves its record, one summary is printed."""

import json
import sys
from pathlib import Path
from textwrap import dedent

import pytest

from cli.test_run import jaxaudit, needs_jax
from processes import python

SPAWNED = """
    import multiprocessing
    import jax
    import jax.numpy as jnp

    @jax.jit
    def worker_step(x):
        return x + 1

    def work(*sizes):
        for size in sizes:
            worker_step(jnp.ones(size))

    if __name__ == "__main__":
        spawn = multiprocessing.get_context("spawn")
        workers = [spawn.Process(target=work, args=sizes) for sizes in ((1, 2), (3, 4))]
        for worker in workers:
            worker.start()
        for worker in workers:
            worker.join()
    """

RANKS = """
    import socket, subprocess, sys

    RANK = '''
    import sys
    import jax
    import jax.numpy as jnp

    jax.distributed.initialize(f"localhost:{sys.argv[1]}", 2, int(sys.argv[2]))

    @jax.jit
    def rank_step(x):
        return x + 1

    rank_step(jnp.ones(3))
    print(jax.process_index(), jax.process_count())
    jax.distributed.shutdown()
    '''

    with socket.socket() as free:
        free.bind(("localhost", 0))
        port = str(free.getsockname()[1])
    ranks = [subprocess.Popen([sys.executable, "-c", RANK, port, str(rank)]) for rank in range(2)]
    sys.exit(max(rank.wait() for rank in ranks))
    """


@needs_jax
@pytest.mark.parametrize(("program", "function", "compiles"), [(SPAWNED, "worker_step", 4), (RANKS, "rank_step", 2)])
def test_each_process_is_observed(program: str, function: str, compiles: int, tmp_path: Path) -> None:
    (tmp_path / "many.py").write_text(dedent(program))
    done = jaxaudit(tmp_path, "run", "--format", "json", "--output", "out.json", "many.py", JAX_PLATFORMS="cpu")
    assert done.returncode == 0, done.stderr
    assert done.stderr.count("jaxaudit run: ") == 1
    document = json.loads((tmp_path / "out.json").read_text())
    assert sum(one["compiles"] for one in document["functions"] if one["name"] == function) == compiles
    workers = [one for one in document["processes"] if one["pid"] != document["processes"][0]["pid"]]
    assert len(workers) == 2
    assert {one["executable"] for one in workers} == {sys.executable}
    assert all(one["ended"] for one in document["processes"]), document["processes"]


@needs_jax
def test_of_many_runs_only_that_of_the_first_rank_speaks(tmp_path: Path) -> None:
    rank = dedent(RANKS).split("'''")[1]
    (tmp_path / "rank.py").write_text(dedent(rank))
    (tmp_path / "many.py").write_text(
        dedent(
            """
            import socket, subprocess, sys

            with socket.socket() as free:
                free.bind(("localhost", 0))
                port = str(free.getsockname()[1])
            run = [sys.executable, "-m", "jaxaudit", "run", "--python", sys.executable, "rank.py", port]
            ranks = [subprocess.Popen([*run, str(rank)], stderr=subprocess.PIPE, text=True) for rank in range(2)]
            print([rank.communicate()[1].count("jaxaudit run: ") for rank in ranks])
            """
        )
    )
    done = python("many.py", cwd=tmp_path, JAX_PLATFORMS="cpu")
    assert "[1, 0]" in done.stdout, done.stdout + done.stderr
