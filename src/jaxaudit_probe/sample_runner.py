"""Runs small programs on this process's JAX and says whether what they claim is true.

Started as a script by another Python, in which jaxaudit is: requests on standard input, answers on standard output, one
JSON object a line each. It uses JAX's public names only: compiles and traces are counted from the messages of
`jax_log_compiles`, equations and constants from `jax.make_jaxpr`.
"""

import contextlib
import io
import json
import linecache
import logging
import os
import re
import sys
import tempfile
import time
import traceback
import types
import warnings
from collections.abc import Callable, Iterable, Iterator
from typing import Any, TextIO

FORMAT = 1
RUNNER = sys.modules["__main__"]
TRACED = re.compile(r"Finished tracing (?:\+ transforming )?(.+?) (?:for|to) \S+ in [\d.e-]+ sec")
COMPILED = re.compile(r"Finished XLA compilation of (?:p?jit\(|jit_)?(.+?)\)? in [\d.e-]+ sec")
LOG_NOISE = re.compile(r"^(?:Finished |Compiling |PERSISTENT |Persistent )")


class Listener(logging.Handler):
    """Keeps what JAX logs: the names of what it traced and compiled, and the warnings."""

    def __init__(self) -> None:
        super().__init__(logging.DEBUG)
        self.traced: list[str] = []
        self.compiled: list[str] = []
        self.said: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        text = record.getMessage()
        for pattern, names in ((TRACED, self.traced), (COMPILED, self.compiled)):
            found = pattern.match(text)
            if found:
                names.append(found.group(1))
        if record.levelno >= logging.WARNING and not LOG_NOISE.match(text):
            self.said.append(text)


class Calls:
    """How often the functions of the program's own file were entered: under a trace that is once a trace."""

    def __init__(self, file: str) -> None:
        self.file = file
        self.entered: list[str] = []

    def __call__(self, frame: types.FrameType, event: str, argument: Any) -> None:
        if event == "call" and frame.f_code.co_filename == self.file:
            self.entered.append(frame.f_code.co_name)


def main(requests: Iterable[str], answers: TextIO) -> None:
    """Effect: runs each requested program; the answer is written as soon as it is there."""
    say(answers, {"format": FORMAT, **about()})
    for line in requests:
        request = json.loads(line)
        say(answers, {"id": request["id"], **run(request)})


def about() -> dict[str, Any]:
    """The Python and the JAX that run the samples; `missing` is the reason where there is none."""
    described: dict[str, Any] = {"python": ".".join(map(str, sys.version_info[:3])), "executable": sys.executable}
    try:
        import jax
    except Exception as error:
        return {**described, "jax": None, "missing": f"{type(error).__name__}: {error}"}
    return {**described, "jax": jax.__version__}


def run(request: dict[str, str]) -> dict[str, Any]:
    """One program, then what it shows."""
    listener = Listener()
    began = time.perf_counter()
    with listening(listener), tempfile.TemporaryDirectory() as folder, within(folder):
        file = os.path.join(folder, "sample.py")
        with open(file, "w", encoding="utf-8") as out:
            out.write(request["code"])
        calls = Calls(file) if "calls(" in request["shows"] else None
        with captured(request.get("stderr")) as caught:
            module, raised = execute(request["code"], file, calls)
        answer: dict[str, Any] = {
            "raised": raised,
            "warned": warned(caught, listener),
            "printed": caught["out"].getvalue(),
        }
        answer.update(shown(request["shows"], module, listener, calls, answer))
        forget(module)
    answer["traced"] = listener.traced[-200:]
    answer["compiled"] = listener.compiled[-200:]
    answer["seconds"] = round(time.perf_counter() - began, 3)
    return {key: value[-8000:] if isinstance(value, (str, list)) else value for key, value in answer.items()}


@contextlib.contextmanager
def listening(listener: Listener) -> Iterator[None]:
    """JAX's log goes to the listener and to nobody else."""
    import jax

    jax.clear_caches()
    logger = logging.getLogger("jax")
    before = logger.handlers[:], logger.propagate
    logger.handlers[:], logger.propagate = [listener], False
    jax.config.update("jax_log_compiles", True)
    try:
        yield
    finally:
        jax.config.update("jax_log_compiles", False)
        logger.handlers[:], logger.propagate = before


@contextlib.contextmanager
def within(folder: str) -> Iterator[None]:
    """The program stands in a folder of its own, so that what it writes is gone afterwards."""
    home = os.getcwd()
    os.chdir(folder)
    sys.path.insert(0, folder)
    try:
        yield
    finally:
        os.chdir(home)
        if folder in sys.path:
            sys.path.remove(folder)


@contextlib.contextmanager
def captured(stderr: "str | None" = None) -> Iterator[dict[str, Any]]:
    """Standard output, warnings, and what native code writes to standard error (kept in a file, should it abort)."""
    caught: dict[str, Any] = {"out": io.StringIO(), "err": "", "warnings": []}
    sys.stderr.flush()
    kept = os.dup(2)
    with (
        open(stderr, "w+b") if stderr else tempfile.TemporaryFile() as file,
        warnings.catch_warnings(record=True) as seen,
    ):
        warnings.simplefilter("always")
        os.dup2(file.fileno(), 2)
        try:
            with contextlib.redirect_stdout(caught["out"]):
                yield caught
        finally:
            sys.stderr.flush()
            os.dup2(kept, 2)
            os.close(kept)
            file.seek(0)
            caught["err"] = file.read().decode(errors="replace")
            caught["warnings"] = [f"{one.category.__name__}: {one.message}" for one in seen]


def execute(code: str, file: str, calls: "Calls | None") -> "tuple[types.ModuleType, str]":
    """The program as a module of its own, and the last lines of what ended it."""
    module = types.ModuleType("__main__")
    module.__file__ = file
    sys.modules["__main__"] = module
    linecache.cache[file] = (len(code), None, code.splitlines(keepends=True), file)
    try:
        program = compile(code, file, "exec")
        sys.setprofile(calls)
        try:
            exec(program, module.__dict__)
        finally:
            sys.setprofile(None)
    except SystemExit as error:
        return module, f"SystemExit: {error.code}" if error.code else ""
    except BaseException as error:
        return module, "".join(traceback.format_exception_only(type(error), error)).strip()
    return module, ""


def shown(
    expression: str, module: types.ModuleType, listener: Listener, calls: "Calls | None", answer: dict[str, Any]
) -> dict[str, Any]:
    """Whether the expression is true, and what stopped it from being evaluated."""
    if not expression:
        return {"holds": None, "error": ""}
    words = vocabulary(listener, calls, answer)
    with captured():
        try:
            value = eval(compile(expression.strip(), "<shows>", "eval"), {**module.__dict__, **words})
            return {"holds": bool(value), "error": ""}
        except Exception as error:
            return {"holds": False, "error": f"{type(error).__name__}: {error}"}


def vocabulary(listener: Listener, calls: "Calls | None", answer: dict[str, Any]) -> dict[str, Any]:
    """The words that `shows` may use besides the program's own names."""
    compiled, traced = list(listener.compiled), list(listener.traced)
    entered = list(calls.entered) if calls else []

    def count(names: list[str], wanted: "str | None") -> int:
        return len(names) if wanted is None else names.count(wanted)

    return {
        "compiles": lambda name=None: count(compiled, name),
        "traces": lambda name=None: count(traced, name),
        "calls": lambda name=None: count(entered, name),
        "equations": equations,
        "constants": constants,
        "raised": answer["raised"],
        "warned": answer["warned"],
        "printed": answer["printed"],
    }


def warned(caught: dict[str, Any], listener: Listener) -> str:
    return "\n".join([*caught["warnings"], *listener.said, caught["err"]]).strip()


def equations(function: Callable[..., Any], *args: Any, **kwargs: Any) -> int:
    """How many equations the function's program has, those of programs inside it included."""
    return sum(len(jaxpr.eqns) for jaxpr in programs(jaxpr_of(function, args, kwargs)))


def constants(function: Callable[..., Any], *args: Any, **kwargs: Any) -> int:
    """How many bytes of arrays the function's program holds."""
    closed = jaxpr_of(function, args, kwargs)
    held: dict[int, int] = {}
    for value in held_values(closed):
        if getattr(value, "ndim", 0) and hasattr(value, "nbytes"):
            held[id(value)] = value.nbytes
    return sum(held.values())


def jaxpr_of(function: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    import jax

    return jax.make_jaxpr(lambda *inner: function(*inner, **kwargs))(*args)


def programs(value: Any) -> Iterator[Any]:
    """A program and every program in the parameters of its equations."""
    seen: set[int] = set()
    todo = [value]
    while todo:
        one = todo.pop()
        if isinstance(one, (list, tuple)):
            todo += one
        elif hasattr(one, "jaxpr") and hasattr(one, "consts") and not hasattr(one, "eqns"):
            todo.append(one.jaxpr)
        elif hasattr(one, "eqns") and id(one) not in seen:
            seen.add(id(one))
            inner = getattr(one, "jaxpr", one)
            if inner is not one and id(inner) in seen:
                continue
            seen.add(id(inner))
            yield inner
            todo += [parameter for equation in inner.eqns for parameter in equation.params.values()]


def held_values(closed: Any) -> Iterator[Any]:
    """The arrays that programs hold: as constants, or as literals of equations."""
    seen: set[int] = set()
    todo = [closed]
    while todo:
        one = todo.pop()
        if isinstance(one, (list, tuple)):
            todo += one
        elif hasattr(one, "eqns") and id(one) not in seen:
            seen.add(id(one))
            yield from getattr(one, "consts", None) or ()
            inner = getattr(one, "jaxpr", one)
            for equation in inner.eqns:
                yield from (atom.val for atom in equation.invars if hasattr(atom, "val"))
                todo += equation.params.values()
        elif hasattr(one, "consts") and hasattr(one, "jaxpr"):
            yield from one.consts
            todo.append(one.jaxpr)


def forget(module: types.ModuleType) -> None:
    """The next program begins without this one's names."""
    linecache.cache.pop(module.__file__ or "", None)
    sys.modules["__main__"] = RUNNER


def say(answers: TextIO, answer: dict[str, Any]) -> None:
    answers.write(json.dumps(answer) + "\n")
    answers.flush()


if __name__ == "__main__":
    OWN = os.path.dirname(os.path.abspath(__file__))
    sys.path[:] = [entry for entry in sys.path if os.path.abspath(entry or ".") != OWN]
    ANSWERS = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)  # what native code prints is not an answer
    main(sys.stdin, ANSWERS)
