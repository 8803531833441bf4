"""The table of messages against the JAX that is installed: it must really say these words."""

import json
import subprocess
import sys

import pytest

from jaxaudit.rules import load_rules
from jaxaudit.rules.messages import MESSAGES, meanings

pytest.importorskip("jax")

RUN_ALL = """
import json, sys, warnings
said = []
for program in json.load(sys.stdin):
    with warnings.catch_warnings(record=True) as warned:
        warnings.simplefilter("always")
        try:
            exec(program, {"__name__": "__main__"})
            text = ""
        except Exception as error:
            text = str(error)
    said.append("\\n".join([text, *(str(warning.message) for warning in warned)]))
json.dump(said, sys.stdout)
"""


@pytest.fixture(scope="module")
def said() -> list[str]:
    """What this JAX says to each program, in one process."""
    programs = json.dumps([message.provoked_by for message in MESSAGES])
    done = subprocess.run([sys.executable, "-c", RUN_ALL], input=programs, capture_output=True, text=True, check=True)
    return list(json.loads(done.stdout))


def test_each_provoked_message_is_recognised(said: list[str]) -> None:
    for message, text in zip(MESSAGES, said, strict=True):
        if message.provoked_by:
            assert meanings(text) == (message,), text


def test_a_message_survives_pasting() -> None:
    pasted = "UserWarning:  A large amount of\n   constants WERE captured during lowering (1.2GB total)."
    assert "captured-array" in meanings(pasted)[0].rules


def test_unknown_words_mean_nothing() -> None:
    assert meanings("the weather is fine") == ()


def test_every_named_rule_exists() -> None:
    named = {rule for message in MESSAGES for rule in message.rules}
    assert named <= set(load_rules())
