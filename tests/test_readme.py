"""The README shows what the commands print. `JAXAUDIT_SNAPSHOTS=write` rewrites it."""

import os
import re
from pathlib import Path

import pytest

from processes import python

ROOT = Path(__file__).parents[1]
README = ROOT / "README.md"
SHOWN = re.compile(r"(?P<head><!-- shown: (?P<command>.+?) -->\n```\w*\n)(?P<text>.*?)```\n", re.DOTALL)


def output_of(command: str) -> str:
    """What the command prints, its time aside."""
    name, *argv = command.split()
    if name == "cat":
        return (ROOT / argv[0]).read_text("utf-8")
    done = python("-m", *command.split(), cwd=ROOT, COLUMNS="80")
    assert done.stderr == ""
    return re.sub(r" \(\d+\.\d s\)", "", done.stdout).rstrip("\n") + "\n"


def test_it_shows_what_the_commands_print() -> None:
    text = README.read_text("utf-8")
    for shown in SHOWN.finditer(text):
        printed = output_of(shown["command"])
        if os.environ.get("JAXAUDIT_SNAPSHOTS") == "write":
            text = text.replace(shown[0], f"{shown['head']}{printed}```\n")
        else:
            assert shown["text"] == printed
    README.write_text(text, "utf-8")


@pytest.mark.parametrize("heading", ["Run it", "Test it"])
def test_one_command_below_each_heading(heading: str) -> None:
    section = README.read_text("utf-8").split(f"\n## {heading}\n", 1)[1].split("\n## ", 1)[0]
    (block,) = re.findall(r"```sh\n(.*?)```", section, re.DOTALL)
    assert block.count("\n") == 1


def test_every_local_link_leads_somewhere() -> None:
    for file in (README, ROOT / "CONTRIBUTING.md", ROOT / "CHANGELOG.md"):
        for target in re.findall(r"\]\((?!https?:)([^)#]+)", file.read_text("utf-8")):
            assert (ROOT / target).exists(), f"{file.name}: {target}"
