"""`jaxaudit probe-path`: for launchers that are not the user's to change."""

from collections.abc import Sequence

from jaxaudit.cli import arguments

DESCRIPTION = """\
Prints the folder that brings the probe into every Python it is on the path of:

    PYTHONPATH=$(jaxaudit probe-path) JAXAUDIT=run LAUNCHER PROGRAM

Each process then leaves its record in JAXAUDIT_RECORD, a folder; where that is
not set, below .jaxaudit/ in its working directory."""


def run(argv: Sequence[str]) -> int:
    """Effect: one line on standard output."""
    if arguments.parse(arguments.Arguments("probe-path", DESCRIPTION), argv) is None:
        return 0
    from jaxaudit.steps.launch import probe_folder

    print(probe_folder())
    return 0
