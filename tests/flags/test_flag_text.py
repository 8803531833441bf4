from jaxaudit.flags.flag_text import FlagWord, flag_words


def test_words_are_taken_apart_with_their_places() -> None:
    assert flag_words(" --xla_a=1  --xla_b --xla_c=x=y") == [
        FlagWord("xla_a", "1", 1),
        FlagWord("xla_b", None, 12),
        FlagWord("xla_c", "x=y", 20),
    ]


def test_faults_of_writing_are_named() -> None:
    assert [(w.name, w.fault) for w in flag_words("xla_a=1 -xla_b=2 --xla_c")] == [
        ("xla_a", "no-dash"),
        ("xla_b", "one-dash"),
        ("xla_c", ""),
    ]


def test_an_empty_text_has_no_words() -> None:
    assert flag_words("  ") == []
