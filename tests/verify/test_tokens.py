import pytest

from jaxaudit.verify.tokens import distance, tokens, unstable_positions


def apart(one, other):
    return distance(tokens(one), tokens(other))


@pytest.mark.parametrize(
    ("one", "other", "relative"),
    [
        ("loss 1.0000 at 3", "loss 1.0000 at 3", 0.0),
        ("loss 1.00000 at 3", "loss 1.00100 at 3", 0.001),
        ("[1e-3, nan]", "[2e-3, nan]", 0.0),
        ("x=-2.50000", "x=-2.52500", 0.01),
    ],
)
def test_numbers_are_compared_as_numbers(one, other, relative):
    found = apart(one, other)
    assert found.same_words and found.relative == pytest.approx(relative, rel=0.02)


def test_a_last_digit_that_flips_is_rounding():
    found = apart("mean 0.1234", "mean 0.1235")
    assert found.same_words and found.rounded and found.relative == 0.0


def test_counts_have_no_last_digit():
    assert apart("3 sources", "4 sources").relative == 0.25


@pytest.mark.parametrize(("one", "other"), [("done", "failed"), ("a 1", "a 1 b"), ("x nan", "x 1.0"), ("v 1", "w 1")])
def test_other_words_are_another_output(one, other):
    assert not apart(one, other).same_words


def test_what_differs_by_itself_is_not_compared():
    one, other = tokens("took 1.3 s, loss 2.5"), tokens("took 1.9 s, loss 2.5")
    unstable = unstable_positions(one, other)
    assert distance(one, tokens("took 7.7 s, loss 2.5"), unstable).relative == 0.0
    assert distance(one, tokens("took 7.7 s, loss 2.9"), unstable).relative > 0.1


def test_where_an_object_lies_in_memory_is_no_output():
    one, other = tokens("<function f at 0x7f9e5450d260> failed"), tokens("<function f at 0x7fa1e1acd2e0> failed")
    assert distance(one, other).same_words and one == other


def test_a_digest_that_reads_like_a_huge_number():
    one, other = tokens("digest 9e5450 of 3 files"), tokens("digest 9e5451 of 3 files")
    assert not distance(one, other).same_words and distance(one, one).same_words
