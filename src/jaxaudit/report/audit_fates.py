"""What became of each finding of an audit, in one sentence: none is lost without a word."""

from jaxaudit.model.outcome import MENDED_ALONG
from jaxaudit.report.audit_words import was_tried
from jaxaudit.report.counts import Document, Entry, certain


def fates(document: Document) -> dict[int, str]:
    """By the finding's index: `mended by 1`, `tried as 3 and dropped: ...`, `ruled out: ...`, `cleared by the run`."""
    found: dict[int, str] = {}
    verdicts = {one["proposal"]: one for one in document["outcomes"]}
    for rank in ("keep", "undecided", "drop"):
        for proposal in document["proposals"]:
            outcome = verdicts.get(proposal["id"])
            if outcome is not None and outcome["verdict"] == rank:
                for index in proposal["findings"]:
                    found.setdefault(index, _tried(proposal, outcome))
    for out in document["ruled_out"]:
        for index in out.get("findings", ()):
            found.setdefault(index, f"ruled out: {out['reason']['text']}")
    for left in document["left"]:
        found.setdefault(left["finding"], "no change is written for it")
    for index, one in enumerate(document["findings"]):
        found.setdefault(index, _without(one))
    return found


def _tried(proposal: Entry, outcome: Entry) -> str:
    if outcome["verdict"] == "keep":
        return f"mended by task {proposal['id']}"
    text = outcome["reason"]["text"]
    if outcome["verdict"] == "drop":
        return f"task {proposal['id']} was tried for it and dropped: {text}"
    if MENDED_ALONG in text:
        return text.removeprefix("not tried: ")
    if not was_tried(outcome):
        return f"task {proposal['id']} is written for it; {text}"
    return f"task {proposal['id']} is yours to decide: {text}"


def _without(one: Entry) -> str:
    if one.get("status") == "cleared":
        return "cleared by the run"
    if not certain(one):
        return f"a suspicion (confidence {one['confidence']:.2f}) that this run did not settle"
    return "no change is written for it"


def worth_reading(document: Document) -> list[tuple[int, Entry]]:
    """The findings with their index, each fault once: what a run saw says what the source says of it, with figures."""
    return [
        (index, one)
        for index, one in enumerate(document["findings"])
        if certain(one)
        and not (one.get("status") == "confirmed" and one["source"] != "run")
        and one.get("status") != "cleared"
    ]
