"""The way in: finds the command, runs it, and turns every ending into an exit code and a sentence.

`--version` and `--help` import nothing but this file: they are asked for often, by people and by scripts.
"""

import os
import sys

from jaxaudit import __version__

COMMANDS = {
    "audit": "check, run, plan, try and prove changes of a program",
    "check": "find faults in JAX source, without running it",
    "run": "run a program; show what JAX compiled, why again and at what cost",
    "report": "show a saved document or record again",
    "compare": "what got better or worse between two of them",
    "apply": "put into your files what an audit kept",
    "fix": "show, or with --write apply, the mechanical fixes",
    "explain": "a rule's page, or the meaning of a message of JAX's or XLA's",
    "rules": "all rules, family by family",
    "case": "run a real workload; show what its variants cost on this machine",
    "probe-path": "the folder that brings the probe into launchers of others",
}
"""What `--help` lists. Each name is a file of this folder, with `_` for `-`."""

UNLISTED = ("dev",)

HELP = """\
usage: jaxaudit COMMAND [OPTIONS]

Shows, with evidence, why a JAX program compiles slowly, recompiles, bakes
arrays into its executables or repeats random numbers, and mends it.

commands:
{commands}

options:
  -h, --help     this text; `jaxaudit COMMAND --help` for one command
  -V, --version  the version

exit codes: 0 nothing found, 1 something found, 2 wrong use or a fault of
jaxaudit's own; `run` ends as its program does
"""

FOUND, WRONG, INTERRUPTED, PIPE_CLOSED = 1, 2, 130, 141


def main(argv: "list[str] | None" = None) -> int:
    """Effect: runs one command; returns its exit code. Raises nothing that a user could cause."""
    arguments = sys.argv[1:] if argv is None else list(argv)
    _stand_in_for_closed_streams()
    try:
        code = _run(arguments)
        sys.stdout.flush()
        return code
    except BrokenPipeError:
        _swallow_the_rest_of_stdout()
        return PIPE_CLOSED
    except KeyboardInterrupt:
        _say("jaxaudit: interrupted")
        return INTERRUPTED
    except Exception as error:
        return ended_by(error)


def _run(arguments: "list[str]") -> int:
    if not arguments or arguments[0] in ("-h", "--help"):
        sys.stdout.write(help_text())
        return 0 if arguments else WRONG
    if arguments[0] in ("-V", "--version"):
        sys.stdout.write(f"jaxaudit {__version__}\n")
        return 0
    name, rest = arguments[0], arguments[1:]
    if not _in_a_folder():
        _say("jaxaudit: the working directory is gone: go to one that exists")
        return WRONG
    if name not in COMMANDS and name not in UNLISTED:
        _say(f"jaxaudit: {_no_command(name)}")
        return WRONG
    import gc
    from importlib import import_module

    gc.disable()  # a check makes millions of objects and few cycles: looking for those costs as much as parsing
    _let_every_sign_print()
    command = import_module(f"jaxaudit.cli.{name.replace('-', '_')}")
    code = int(command.run(rest))
    gc.freeze()  # the process ends: walking what a check leaves behind would take as long as a tenth of it
    return code


def help_text() -> str:
    width = max(map(len, COMMANDS))
    return HELP.format(commands="\n".join(f"  {name:{width}}  {text}" for name, text in COMMANDS.items()))


def _no_command(name: str) -> str:
    """One sentence for a word that is no command: a path, a slip, or an option that stands too early."""
    if name.startswith("-"):
        return f"the option {name!r} stands before the command; write `jaxaudit COMMAND {name} ...`"
    if os.path.exists(name):
        return f"{name!r} is a path, not a command; to check it: jaxaudit check {name}"
    from jaxaudit.model.mistake import nearest

    return f"there is no command {name!r}{nearest(name, tuple(COMMANDS)) or ';'} `jaxaudit --help` lists them"


def ended_by(error: Exception) -> int:
    """The sentence for a command that raised: the user's mistake, or ours."""
    from jaxaudit.model.mistake import Mistake

    if isinstance(error, Mistake):
        _say(f"jaxaudit: {error}")
        return WRONG
    if os.environ.get("JAXAUDIT_DEBUG"):
        import traceback

        traceback.print_exc()
    said = f"{type(error).__name__}: {error}".splitlines()[0][:300]
    _say(
        f"jaxaudit {__version__} failed; this is a fault of jaxaudit, not of your code: {said}\n"
        "Please report it with the command and, if you can, the file: JAXAUDIT_DEBUG=1 prints the traceback."
    )
    return WRONG


def _in_a_folder() -> bool:
    try:
        return bool(os.getcwd())
    except OSError:
        return False


def _stand_in_for_closed_streams() -> None:
    """`2>&-`: what nobody wants to read goes nowhere; the program that we run still finds them closed."""
    for name in ("stdout", "stderr"):
        if getattr(sys, name) is None:
            setattr(sys, name, open(os.devnull, "w", encoding="utf-8"))  # noqa: SIM115


def _let_every_sign_print() -> None:
    """A terminal that can't show a sign gets an escape for it, not a crash."""
    for stream in (sys.stdout, sys.stderr):
        reconfigure = getattr(stream, "reconfigure", None)
        if reconfigure is not None:
            reconfigure(errors="backslashreplace")


def _swallow_the_rest_of_stdout() -> None:
    """The reader (`head`, a pager) is gone: the interpreter must not complain of it at exit."""
    try:
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, sys.stdout.fileno())
    except (OSError, ValueError):
        pass


def _say(sentence: str) -> None:
    print(sentence, file=sys.stderr)
