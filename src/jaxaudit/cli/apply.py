"""`jaxaudit apply`: what an audit kept goes into the working tree."""

from collections.abc import Sequence

from jaxaudit.cli import arguments

DESCRIPTION = """\
Puts into your files what the newest audit kept, or the proposals that are named
by their numbers (undecided ones too). Whole or not at all: nothing is changed
where a file is no longer what was audited, or has changes that git does not
know yet."""

EXIT_CODES = "exit codes: 0 done, 2 nothing was changed, and why"


def parser() -> arguments.Arguments:
    made = arguments.Arguments("apply", DESCRIPTION, EXIT_CODES)
    made.add_argument("ids", metavar="ID", nargs="*", help="numbers of proposals (default: all that were kept)")
    made.add_argument("--audit", metavar="DIR", default="", help="the audit's folder (default: the newest here)")
    made.add_argument("--allow-dirty", action="store_true", help="also where files have uncommitted changes")
    made.add_argument("--commit", action="store_true", help="one commit for each proposal")
    return made


def run(argv: Sequence[str]) -> int:
    """Effect: changes files; with --commit, the repository."""
    args = arguments.parse(parser(), argv)
    if args is None:
        return 0
    from jaxaudit.report.commit_message import commit_message
    from jaxaudit.steps.apply import apply, read_audit

    _, document = read_audit(args.audit)
    chosen, files = apply(
        document, args.ids, allow_dirty=args.allow_dirty, commit=args.commit, message=commit_message
    )  # fmt: skip
    for one in chosen:
        print(f"{one['id']}  {one['title']}")
        for name, value in (one["setting"] or {}).get("env", {}).items():
            print(f"   is a setting: export {name}={value}")
    if files:
        print(f"{'committed' if args.commit else 'written'}: {', '.join(files)}")
    return 0
