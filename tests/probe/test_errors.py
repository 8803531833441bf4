"""The exception that ended a program, in its record."""

import json
from collections.abc import Callable
from typing import Any

import pytest

from jaxaudit_probe import errors


def test_the_users_line_and_the_names_of_the_type_that_the_message_names(monkeypatch):
    class Odd:
        pass

    def fails(odd: Odd) -> None:
        raise TypeError(f"can't take an object of type <class '{Odd.__module__}.{Odd.__qualname__}'>")

    try:
        fails(Odd())
    except TypeError as error:
        monkeypatch.setattr("sys.last_value", error, raising=False)
    told = errors.last_error()
    assert (told["type"], told["module"]) == ("TypeError", "builtins")
    assert told["at"]["path"] == __file__
    assert told["names"] == ["odd"]
    json.dumps(told)


def test_what_only_stops_a_program_is_no_error(monkeypatch):
    for raised in (None, KeyboardInterrupt(), SystemExit(3)):
        monkeypatch.setattr("sys.last_value", raised, raising=False)
        assert errors.last_error() is None


def test_an_exception_without_a_text(monkeypatch):
    class Silent(Exception):
        def __str__(self) -> str:
            raise RuntimeError

    monkeypatch.setattr("sys.last_value", Silent(), raising=False)
    assert errors.last_error()["text"] == ""


NATIVE: dict[str, Any] = {}
exec(
    compile(
        """
def encode(*args, **kwargs):
    raise ValueError(
        "Non-hashable static arguments are not supported. An error occurred while trying to hash an object of type "
        "<class 'list'>, [32, 16]. The error was:\\nTypeError: unhashable type: 'list'"
    )
""",
        "<no file of the user's>",
        "exec",
    ),
    NATIVE,
)
encode = NATIVE["encode"]


@pytest.mark.parametrize(
    ("call", "names"),
    [
        (lambda other, sizes, options: encode(other, sizes), ["sizes"]),
        (lambda other, sizes, options: encode(other, widths=sizes), ["sizes"]),
        (lambda other, sizes, options: encode(other, **options), ["widths"]),
        (lambda other, sizes, options: encode(*sizes, list(sizes)), []),
    ],
)
def test_the_argument_that_has_no_hash(
    call: Callable[..., None], names: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    try:
        call([1], [32, 16], {"rate": [2], "widths": [32, 16]})
    except ValueError as error:
        monkeypatch.setattr("sys.last_value", error, raising=False)
    told = errors.last_error()
    assert told is not None and told["names"] == names
