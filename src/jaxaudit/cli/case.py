"""`jaxaudit case`: a real workload, run and measured here."""

import argparse
import os
import sys
import time
from collections.abc import Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from jaxaudit.cli import arguments, output
from jaxaudit.cli.case_progress import CaseProgress
from jaxaudit.model.mistake import Mistake

CASES = {"coronagraph": "images of planets beside a star, through up to 4 GB of data"}
NEEDS = ("jax", "equinox", "astropy", "matplotlib")
FORMATS = ("terminal", "json", "markdown")
INTERRUPTED = 130

DESCRIPTION = """\
Makes a scene of stars and planets and the coronagraph that looks at it, draws a
noisy image, tells how much light comes from where, and measures in fresh
processes what it costs to close over the coronagraph's data instead of handing
them in: first call by stage, frames, captured bytes, memory."""

EXAMPLES = """\
examples:
  jaxaudit case coronagraph
  jaxaudit case coronagraph --size large --variants as-argument,factored
  jaxaudit case coronagraph --repeat 5 --format json --output table.json

sizes:
{sizes}

exit codes: 0 done (also where a row does not fit into memory), 1 a row died,
2 wrong use, 130 interrupted (what was made and measured is kept)
"""


def parser() -> arguments.Arguments:
    from jaxaudit_cases.choices import FORMS, SIZES, VARIANTS, cube_bytes

    sizes = "\n".join(
        f"  {name:7} {pixels:3} pixels, {cube_bytes(pixels) / 1e9:.2f} GB" for name, pixels in SIZES.items()
    )
    made = arguments.Arguments("case", DESCRIPTION, EXAMPLES.format(sizes=sizes))
    made.usage = "jaxaudit case [CASE] [OPTIONS]"
    made.add_argument("case", nargs="?", metavar="CASE", help=f"one of: {', '.join(CASES)}; none lists them")
    made.add_argument("--size", choices=tuple(SIZES), default="small", help="default: small")
    arguments.add_list(made, "--variants", f"only these rows: {', '.join(VARIANTS)}", "NAMES", arguments.some_words)
    made.add_argument("--form", choices=FORMS, default=FORMS[0], help="how the coronagraph keeps its functions")
    made.add_argument("--repeat", metavar="N", type=_count, default=1, help="measure each row N times")
    made.add_argument("--frames", metavar="N", type=_count, default=20, help="frames for the steady state; default: 20")
    made.add_argument("--image", metavar="FILE", default="", help="the picture (default: coronagraph-SIZE.png)")
    made.add_argument("--cache-dir", metavar="DIR", default="", help="where packages are kept between runs")
    arguments.add_output(made, FORMATS)
    made.add_argument("-q", "--quiet", action="store_true", help="no progress on standard error")
    return made


def run(argv: Sequence[str]) -> int:
    """Effect: makes the case's data in the cache folder, writes the picture, prints or writes the table."""
    args = arguments.parse(parser(), argv)
    if args is None:
        return 0
    if args.case is None:
        output.write(listed(), args.output)
        return 0
    if args.case not in CASES:
        from jaxaudit.model.mistake import nearest

        raise Mistake(
            f"there is no case {args.case!r}{nearest(args.case, tuple(CASES)) or ';'} `jaxaudit case` lists them"
        )
    must_be_installed(args.case)
    return _coronagraph(args)


def listed() -> str:
    """The cases, a line each."""
    width = max(map(len, CASES))
    rows = "".join(f"  {name:{width}}  {about}\n" for name, about in CASES.items())
    return f"{rows}`jaxaudit case NAME` runs one; `jaxaudit case --help` lists the options\n"


def must_be_installed(case: str, needs: Sequence[str] = NEEDS) -> None:
    """Raises `Mistake`, which says what to install, where the case's extra is not there."""
    missing = [name for name in needs if find_spec(name) is None]
    if missing:
        raise Mistake(f'the case {case} needs {", ".join(missing)}: pip install "jaxaudit[{case}]"')


def _coronagraph(args: argparse.Namespace) -> int:
    from jaxaudit_cases.coronagraph.complaints import BadInput
    from jaxaudit_cases.coronagraph.study.packages import recipe_of_size
    from jaxaudit_cases.coronagraph.study.study import Study, studied

    image = Path(args.image or f"coronagraph-{args.size}.png")
    _must_be_writable(image)
    variants = _chosen(args.variants)
    cache = Path(args.cache_dir) if args.cache_dir else None
    study = Study(args.size, recipe_of_size(args.size), image, variants, args.form, args.frames, args.repeat, cache)
    progress = CaseProgress(sys.stderr, output.columns(), time.monotonic, rewrites=_is_terminal(), quiet=args.quiet)
    try:
        document = studied(study, progress.told, progress.tick)
    except BadInput as error:
        raise Mistake(str(error)) from None
    except KeyboardInterrupt:
        progress.clear()
        print(
            f"jaxaudit: interrupted; what was made is kept under {study.kept}, the same command goes on",
            file=sys.stderr,
        )
        return INTERRUPTED
    finally:
        progress.clear()
    _shown(document, args)
    if document["interrupted"]:
        return INTERRUPTED
    return 1 if any(row["status"] == "died" for row in document["rows"]) else 0


def _shown(document: dict[str, Any], args: argparse.Namespace) -> None:
    """Effect: prints the document, or writes it and prints a summary."""
    output.write(text_of(document, args.format), args.output)
    if args.output:
        output.write_summary(f"{text_of(document, 'terminal')}written to {args.output}\n")


def text_of(document: dict[str, Any], form: str) -> str:
    """The document of a case. Raises `Mistake` for a format that it has not."""
    from jaxaudit.report.json_text import json_text
    from jaxaudit_cases.coronagraph.study import words

    if form == "json":
        return json_text(document)
    if form == "markdown":
        return words.markdown(document)
    if form == "terminal":
        return words.terminal(document, output.columns())
    raise Mistake(f"a case has no {form}: there are {', '.join(FORMATS)}")


def _chosen(names: Sequence[str]) -> tuple[str, ...]:
    """The rows in the table's order. Raises `Mistake` for a name that there is not."""
    from jaxaudit.model.mistake import nearest
    from jaxaudit_cases.choices import VARIANTS

    for name in names:
        if name not in VARIANTS:
            known = nearest(name, tuple(VARIANTS)) or f"; there are {', '.join(VARIANTS)}"
            raise Mistake(f"there is no variant {name!r}{known}".rstrip(";"))
    return tuple(name for name in VARIANTS if not names or name in names)


def _must_be_writable(image: Path) -> None:
    """Raises `Mistake` before anything is computed."""
    if image.is_dir() or not os.access(image.parent, os.W_OK) or (image.exists() and not os.access(image, os.W_OK)):
        raise Mistake(f"the picture {str(image)!r} can't be written: name another file with --image")


def _count(text: str) -> int:
    if not text.isdecimal() or not 1 <= int(text) <= 1000:
        raise argparse.ArgumentTypeError(f"{text!r} is not a number from 1 to 1000")
    return int(text)


def _is_terminal() -> bool:
    return sys.stderr.isatty() and os.environ.get("TERM") != "dumb"
