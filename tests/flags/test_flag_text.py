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


def test_dashes_of_a_word_processor_are_named() -> None:
    text = "--xla_a=1 \u2013xla_b=2 -\u2013xla_c \u2014xla_d"
    words = flag_words(text)
    assert [(w.name, w.fault) for w in words[1:]] == [(name, "typographic") for name in ("xla_b", "xla_c", "xla_d")]
    assert all(text[w.start + 2 :].startswith(w.name) for w in words)


def test_an_empty_text_has_no_words() -> None:
    assert flag_words("  ") == []


def test_what_is_not_known_hides_no_word_after_it() -> None:
    assert flag_words("\0--xla_a=1") == [FlagWord("xla_a", "1", 1)]
    assert flag_words("--xla_a=\0 --xla_b") == [FlagWord("xla_a", "\0", 0), FlagWord("xla_b", None, 10)]


def test_a_name_that_is_not_all_known_is_no_word() -> None:
    for text in ("--xla_gpu_\0=1", "--\0=1", "\0=1", "--xla_a\0", "\0xla_a=1", "\0"):
        assert flag_words(text) == [], text


def test_a_flag_that_runs_into_the_next_is_named() -> None:
    assert flag_words("--xla_a=true--xla_b=1") == [FlagWord("xla_a", "true--xla_b=1", 0, "joined")]
