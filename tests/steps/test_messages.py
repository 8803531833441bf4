"""The table of messages against the JAX that is installed: it must really say these words."""

import pytest

from jaxaudit.rules import load_rules
from jaxaudit.steps.messages import MESSAGES, meanings
from jaxaudit.steps.messages.message import squashed
from jaxaudit.steps.sample_runs import Request
from rules.sample_cache import SampleCache, jax_of, pythons

LATER = {
    "static-in-cond",
    "vmap-without-axes",
}
"""Rules of the rulebook that a later version brings: a message that they will find is explained without them."""

SEEN_IN_RUNS = {"folded-constant", "implicit-upload", "missed-donation", "no-compilation-cache", "silent-downcast",
                "unconverted-closure"}  # fmt: skip

FIRST_TIER = {
    "captured-array", "captured-self", "stale-capture", "jit-in-loop", "jit-per-call", "trace-time-effect",
    "wrapper-order", "missing-static", "varying-static", "traced-static", "unhashable-static",
    "identity-hashed-static", "static-array", "static-mismatch", "unstable-structure", "list-to-array",
    "unrolled-loop", "branch-on-tracer", "vmappable-loop", "heavy-branches", "fresh-body", "pmap", "key-reuse",
    "key-made-in-jit", "host-sync-in-loop", "donated-reuse", "unknown-xla-flag", "late-setting",
}  # fmt: skip

PROVOKED = [message for message in MESSAGES if message.provoked_by]
ids = [message.says[0][:40] for message in PROVOKED]


PYTHONS = pythons()


@pytest.fixture(scope="session")
def said(request: pytest.FixtureRequest) -> SampleCache:
    """What JAX says to each program."""
    requests = [Request(message.says[0], message.provoked_by, "") for message in PROVOKED]
    return SampleCache(request.config.cache.mkdir("samples"), requests)


@pytest.mark.parametrize("python", PYTHONS, ids=[f"jax-{jax_of(python)}" for python in PYTHONS])
@pytest.mark.parametrize("message", PROVOKED, ids=ids)
def test_jax_says_it_and_it_is_recognised(message, python, said):
    shown = said.shown(python, message.says[0])
    if shown.missing:
        pytest.skip(shown.missing)
    text = f"{shown.raised}\n{shown.warned}"
    assert meanings(text)[:1] == (message,), text


def wrapped(text: str, width: int = 37) -> str:
    return "\n".join(text[start : start + width] for start in range(0, len(text), width))


PASTED = [
    "UserWarning:  A large amount of\n   constants WERE captured during lowering (1.2GB total).",
    '"A large amount of constants were captured during lowering (2.15GB total)"',
    "\x1b[31mUserWarning\x1b[0m: A large amount of \x1b[1mconstants\x1b[0m were captured during lowering",
    wrapped("/home/me/site-packages/jax/_src/interpreters/mlir.py:1185: UserWarning: "
            "A large amount of constants were captured during lowering (4.00GB total). If this is intentional"),
    "> A large amount of constants\n> were captured during lowering",
    "│ A large amount of constants were │\n│ captured during lowering (1.2GB)  │",
    "E       UserWarning: A large amount of constants were\nE       captured during lowering",
]  # fmt: skip


@pytest.mark.parametrize("text", PASTED)
def test_a_message_survives_pasting(text):
    assert "captured-array" in meanings(text)[0].rules


def test_a_whole_traceback_is_understood_by_what_it_ends_in():
    text = """Traceback (most recent call last):
      File "/home/me/train.py", line 12, in <module>
        step(params, batch)
    jax.errors.TracerBoolConversionError: Attempted boolean conversion of traced array with shape bool[].
    The error occurred while tracing the function step at /home/me/train.py:7 for jit. This concrete value was not
    available in Python because it depends on the value of the argument x.
    See https://docs.jax.dev/en/latest/errors.html#jax.errors.TracerBoolConversionError
    """
    assert meanings(text)[0].rules == ("branch-on-tracer", "missing-static")


@pytest.mark.parametrize(
    ("text", "rules"),
    [
        ("[Compiling module jit_step] Very slow compile? If you want to file a bug, run with envvar", "unrolled-loop"),
        ("Constant folding an instruction is taking > 1s:\n\n  %broadcast.5 (displaying)", "captured-array"),
        ("2025-01-01 E xla/a.cc:1] RESOURCE_EXHAUSTED: Out of memory while trying to allocate", "captured-array"),
        ("ValueError: Non-hashable static arguments are not supported, as this can lead to unexpected cache-misses. "
         "Static argument (index 1) of type <class 'list'> for function f is non-hashable.", "unhashable-static"),
        ("RuntimeError: Invalid buffer passed: buffer has been deleted or donated.", "donated-reuse"),
        ("scan body function carry input and carry output must have the same type structure", "unstable-structure"),
    ],
)  # fmt: skip
def test_messages_of_other_versions_and_machines(text, rules):
    assert rules in meanings(text)[0].rules


def test_unknown_words_mean_nothing():
    assert meanings("the weather is fine") == ()
    assert meanings("") == ()
    assert meanings("TypeError: f() missing 1 required positional argument: 'x'") == ()


def test_the_table_is_whole():
    assert len(MESSAGES) >= 40
    for message in MESSAGES:
        assert message.cause.endswith(".")
        assert message.next.rstrip("`").endswith((".", ":", "captured-array"))
        assert set(message.rules) <= FIRST_TIER | SEEN_IN_RUNS | LATER
        assert all(len(squashed(words.replace("...", ""))) >= 10 for words in message.says), message.says


def test_no_message_of_the_table_is_hidden_behind_another():
    for message in MESSAGES:
        for words in message.says:
            assert message in meanings(words.replace("...", " x "))


def test_rules_of_later_versions_are_later():
    assert not LATER & set(load_rules())
