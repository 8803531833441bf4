import pytest

from jaxaudit.report.text_width import printable, width, wrap


@pytest.mark.parametrize(
    ("text", "columns"), [("abc", 3), ("望遠", 4), ("é", 1), ("e\u0301", 1), ("a\u200db", 2), ("", 0)]
)
def test_width(text: str, columns: int) -> None:
    assert width(text) == columns


def test_printable() -> None:
    assert printable("a\tb") == "a    b"
    assert printable("a\x1bb\x00\x9b\ud800") == "a\ufffdb\ufffd\ufffd\ufffd"
    assert printable("望遠 é") == "望遠 é"


def test_wrap_keeps_long_words_whole() -> None:
    assert wrap("see src/a/very/long/path/that/does/not/fit.py now", 20) == [
        "see",
        "src/a/very/long/path/that/does/not/fit.py",
        "now",
    ]
    assert wrap("", 20, first="x: ") == ["x:"]
