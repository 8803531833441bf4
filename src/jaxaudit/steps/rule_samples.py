"""The samples of rules as requests to run, and how many of a rule's claims hold."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from jaxaudit.rules.rule import Rule, Sample
from jaxaudit.steps.sample_runs import Request, Shown


@dataclass(frozen=True, slots=True)
class Claim:
    """One sample of a rule: where it stands among its examples, and the sample."""

    rule: str
    label: str
    """Such as `the loop / dont` or `allowed 2`."""
    sample: Sample

    @property
    def id(self) -> str:
        return f"{self.rule}: {self.label}"

    @property
    def shows(self) -> str:
        """What it claims; a program without the fault claims at least to run to its end."""
        return self.sample.shows or ("" if self.label.endswith("/ dont") else "not raised")

    @property
    def request(self) -> Request:
        return Request(self.id, self.sample.code, self.shows)


def claims_of(rule: Rule) -> Iterator[Claim]:
    """All samples of the rule, in the order in which its file has them."""
    for example in rule.examples:
        yield Claim(rule.name, f"{example.name} / dont", example.dont)
        yield Claim(rule.name, f"{example.name} / do", example.do)
    for number, sample in enumerate(rule.allowed_samples, 1):
        yield Claim(rule.name, f"allowed {number}", sample)


def requests_of(rules: Iterable[Rule]) -> list[Request]:
    """What has something to show, and is to be run for it."""
    return [claim.request for rule in rules for claim in claims_of(rule) if claim.shows]


def held(rule: Rule, shown: Mapping[str, Shown]) -> tuple[int, int, list[str]]:
    """Of the rule's claims: how many hold, how many were asked, and the labels of those that are false."""
    asked = [claim for claim in claims_of(rule) if claim.id in shown and shown[claim.id].holds is not None]
    false = [claim.label for claim in asked if not shown[claim.id].holds]
    return len(asked) - len(false), len(asked), false
