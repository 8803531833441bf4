"""Flags as people write them: whole, in pieces, in lists and tables, through names, for themselves and for children."""

from collections.abc import Mapping
from textwrap import dedent

import pytest

from jaxaudit.model import Finding
from jaxaudit.rules import load_rules
from jaxaudit.source.reading import read_program
from jaxaudit.steps.flag_judge import flag_judge

GONE = "--xla_gpu_enable_triton_softmax_fusion=true"
FLAG = "xla_gpu_enable_triton_softmax_fusion"
KNOWN = "--xla_gpu_triton_gemm_any=True"


def found(code: str | Mapping[str, str]) -> list[Finding]:
    files = {"main.py": code} if isinstance(code, str) else code
    overlay = {path: dedent(text).encode() for path, text in files.items()}
    program = read_program(sorted(overlay), overlay=overlay, context=False)
    program.flags = flag_judge(None, None)
    return list(load_rules()["unknown-xla-flag"].match(program))


WRITES = [
    'os.environ["XLA_FLAGS"] = "GONE"',
    'os.environ["XLA_FLAGS"] = "KNOWN GONE"',
    'os.environ["XLA_FLAGS"] += " GONE"',
    'os.environ.setdefault("XLA_FLAGS", "GONE")',
    'os.environ.update({"XLA_FLAGS": "GONE"})',
    'os.environ.update(XLA_FLAGS="GONE")',
    'os.environ |= {"XLA_FLAGS": "GONE"}',
    'os.putenv("XLA_FLAGS", "GONE")',
    'os.environ["XLA_FLAGS"] = os.environ.get("XLA_FLAGS", "") + " GONE"',
    'os.environ["XLA_FLAGS"] = os.environ.get("XLA_FLAGS", "GONE")',
    "os.environ[\"XLA_FLAGS\"] = f\"{os.environ.get('XLA_FLAGS', '')} GONE\"",
    'os.environ["XLA_FLAGS"] = "GONE " + os.environ["XLA_FLAGS"]',
    'os.environ["XLA_FLAGS"] = "%s GONE" % os.getenv("XLA_FLAGS")',
    'os.environ["XLA_FLAGS"] = "{} GONE".format(os.getenv("XLA_FLAGS"))',
    'os.environ["XLA_FLAGS"] = " ".join(["KNOWN", "GONE"])',
    'os.environ["XLA_FLAGS"] = " ".join(("KNOWN", "GONE"))',
    'old = os.environ.get("XLA_FLAGS", "")\nos.environ["XLA_FLAGS"] = " ".join([old, "GONE"]).strip()',
    'FLAGS = "GONE"\nos.environ["XLA_FLAGS"] = FLAGS',
    'FLAGS = ["KNOWN", "GONE"]\nos.environ["XLA_FLAGS"] = " ".join(FLAGS)',
    'flags = []\nflags.append("KNOWN")\nflags.append("GONE")\nos.environ["XLA_FLAGS"] = " ".join(flags)',
    'flags = ["KNOWN"]\nflags += ["GONE"]\nos.environ["XLA_FLAGS"] = " ".join(flags)',
    'flags = ["KNOWN"]\nflags.extend(["GONE"])\nos.environ["XLA_FLAGS"] = " ".join(flags)',
    'flags = "KNOWN"\nflags += " GONE"\nos.environ["XLA_FLAGS"] = flags',
    'for flag in ["KNOWN", "GONE"]:\n    os.environ["XLA_FLAGS"] += " " + flag',
    f'FLAGS = {{"{FLAG}": "true"}}\nos.environ["XLA_FLAGS"] = " ".join(f"--{{k}}={{v}}" for k, v in FLAGS.items())',
    f'FLAGS = {{"{FLAG}": True}}\nos.environ["XLA_FLAGS"] = " ".join("--%s=%s" % (k, v) for k, v in FLAGS.items())',
    'NAME = "XLA_FLAGS"\nos.environ[NAME] = "GONE"',
    'from os import environ\nenviron["XLA_FLAGS"] = "GONE"',
    'import os as system\nsystem.environ["XLA_FLAGS"] = "GONE"',
    'def main(gpu):\n    if gpu:\n        os.environ["XLA_FLAGS"] = "GONE"',
    'def add(flag):\n    os.environ["XLA_FLAGS"] += " " + flag\nadd("GONE")',
    'def flags():\n    return "GONE"\nos.environ["XLA_FLAGS"] = flags()',
    'env = os.environ.copy()\nenv["XLA_FLAGS"] = "GONE"',
    'env = {**os.environ, "XLA_FLAGS": "GONE"}',
    'env = dict(os.environ, XLA_FLAGS="GONE")',
    'subprocess.run(["python", "train.py"], env={**os.environ, "XLA_FLAGS": "GONE"})',
    'def test_it(monkeypatch):\n    monkeypatch.setenv("XLA_FLAGS", "GONE")',
    'with mock.patch.dict(os.environ, {"XLA_FLAGS": "GONE"}):\n    pass',
    'class Config:\n    flags = "GONE"\nos.environ["XLA_FLAGS"] = Config.flags',
    'if "xla_gpu" not in os.environ.get("XLA_FLAGS", ""):\n    os.environ["XLA_FLAGS"] = (\n        "KNOWN "\n        "GONE"\n    )',
]


@pytest.mark.parametrize("write", WRITES)
def test_a_removed_flag_is_found_where_its_name_is_written(write: str) -> None:
    code = "import os, subprocess\nfrom unittest import mock\n" + write.replace("GONE", GONE).replace("KNOWN", KNOWN)
    (one,) = found(code)
    assert FLAG in code.splitlines()[one.place.line - 1]
    assert f"`--{FLAG}` in XLA_FLAGS was removed from XLA (gone since 2025-01)" in one.message
    assert "table of" in one.message
    assert one.confidence == 0.9


def test_the_flags_of_another_module_are_judged_there() -> None:
    (one,) = found(
        {
            "settings.py": f'FLAGS = (\n    "{KNOWN} "\n    "{GONE}"\n)\n',
            "main.py": 'import os\nfrom settings import FLAGS\nos.environ["XLA_FLAGS"] = FLAGS\n',
        }
    )
    assert (one.place.path, one.place.line) == ("settings.py", 3)


@pytest.mark.parametrize(
    ("flags", "message"),
    [
        ("--xla_cpu_enable_fastmath=true", "unknown to XLA: XLA ends the process when the backend starts; the nearest known name is `--xla_cpu_enable_fast_math`"),
        ("--xla_nothing_like_it=1", "`--xla_nothing_like_it` in XLA_FLAGS is unknown to XLA"),
        ("-xla_cpu_enable_fast_math=true", "has one dash"),
        ("xla_cpu_enable_fast_math=true", "has no dashes"),
        ("--xla_cpu_enable_fast_math=yes", "`--xla_cpu_enable_fast_math=yes` in XLA_FLAGS: true or false is wanted there"),
        ("--xla_cpu_enable_fast_math=true, --xla_dump_to=x", "true or false is wanted"),
        ("--xla_cpu_enable_fast_math=", "true or false is wanted"),
        ("--xla_force_host_platform_device_count", "a whole number is wanted"),
        ("--xla_force_host_platform_device_count=four", "a whole number is wanted"),
        ("--xla_cpu_enable_fast_math=true--xla_dump_to=x", "runs into the next flag"),
    ],
)  # fmt: skip
def test_each_fault_has_its_words(flags: str, message: str) -> None:
    (one,) = found(f'import os\nos.environ["XLA_FLAGS"] = "{flags}"\n')
    assert message in one.message
    assert one.confidence >= 0.8


def test_parts_without_a_blank_between_them_run_together() -> None:
    (one,) = found("""\
        import os
        os.environ["XLA_FLAGS"] = (
            "--xla_gpu_triton_gemm_any=True"
            "--xla_gpu_enable_latency_hiding_scheduler=true"
        )
    """)
    assert one.place.line == 3
    assert "xla_gpu_triton_gemm_any" in one.message


FINE = [
    'os.environ["XLA_FLAGS"] = "--xla_force_host_platform_device_count=8"',
    'os.environ["XLA_FLAGS"] = f"--xla_force_host_platform_device_count={n}"',
    'os.environ["XLA_FLAGS"] = "--xla_force_host_platform_device_count=" + str(n)',
    'os.environ["XLA_FLAGS"] = "--xla_force_host_platform_device_count=%d" % n',
    'os.environ["XLA_FLAGS"] = "--xla_force_host_platform_device_count={}".format(n)',
    'os.environ["XLA_FLAGS"] = f"--xla_gpu_{name}=true"',
    'os.environ["XLA_FLAGS"] = "--xla_gpu_" + name + "=true"',
    'os.environ["XLA_FLAGS"] = f"{prefix}xla_gpu_nothing=true"',
    'os.environ["XLA_FLAGS"] = "--xla_cpu_enable_fast_math=TRUE --xla_dump_hlo_as_text"',
    'os.environ["XLA_FLAGS"] = "--xla_disable_hlo_passes=\'a b\'"',
    'os.environ["XLA_FLAGS"] = ""',
    'os.environ["XLA_FLAGS"] = "/etc/xla.flags"',
    'os.environ["XLA_FLAGS"] = "--xla_tpu_enable_latency_hiding_scheduler=true"',
    'os.environ["LIBTPU_INIT_ARGS"] = "--xla_nothing_like_it=true"',
    'os.environ["MY_FLAGS"] = "--xla_nothing_like_it=true"',
    'if "--xla_nothing_like_it" in os.environ.get("XLA_FLAGS", ""):\n    print("old")',
    'print("export XLA_FLAGS=--xla_nothing_like_it=true")',
    'os.environ["XLA_FLAGS"] = os.environ["XLA_FLAGS"].replace("--xla_nothing_like_it=true", "")',
]


@pytest.mark.parametrize("write", FINE)
def test_what_xla_takes_or_is_not_told_is_left_alone(write: str) -> None:
    assert not found("import os\n" + write)


def test_under_a_test_of_the_version_it_is_a_suspicion() -> None:
    (one,) = found(f"""\
        import os
        import jaxlib
        if jaxlib.__version__ < "0.4.30":
            os.environ["XLA_FLAGS"] = "{GONE}"
    """)
    assert one.confidence == 0.5


PROFILES = """
import os
from dataclasses import dataclass, field


@dataclass
class Profile:
    name: str
    options: dict = field(default_factory=dict)

    def as_flags(self):
        return " ".join(f"--{option}={value}" for option, value in self.options.items())


PROFILES = {one.name: one for one in (Profile("laptop"), Profile("a100", {"FLAG": True, "xla_gpu_triton_gemm_any": True}))}


def launch(profile):
    WRITE
"""


@pytest.mark.parametrize(
    ("write", "count"),
    [('os.environ["XLA_FLAGS"] = profile.as_flags()', 1), ('os.environ["OTHER"] = profile.as_flags()', 0)],
)
def test_a_bare_name_among_those_that_get_their_dashes_later(write: str, count: int) -> None:
    told = found(PROFILES.replace("FLAG", FLAG, 1).replace("WRITE", write))
    assert [one.facts["flag"] for one in told] == [FLAG] * count


COMPILED = [
    "jax.jit(f, compiler_options=OPTIONS)",
    "@jax.jit(compiler_options=OPTIONS)\ndef g(x):\n    return x",
    "@partial(jax.jit, compiler_options=OPTIONS)\ndef g(x):\n    return x",
    "jax.jit(f).lower(1.0).compile(compiler_options=OPTIONS)",
    "options = OPTIONS\njax.jit(f).lower(1.0).compile(compiler_options=options)",
]


@pytest.mark.parametrize("line", COMPILED)
def test_options_of_the_compiler_have_their_own_list(line: str) -> None:
    head = "from functools import partial\nimport jax\ndef f(x):\n    return x\n"
    (one,) = found(head + line.replace("OPTIONS", '{"xla_cpu_enable_fastmath": True}'))
    assert "`xla_cpu_enable_fastmath` in compiler_options is unknown to XLA" in one.message
    (one,) = found(head + line.replace("OPTIONS", '{"xla_cpu_enable_fast_math": "true"}'))
    assert "is given `true`, where True or False is wanted" in one.message
    assert not found(head + line.replace("OPTIONS", '{"xla_cpu_enable_fast_math": True, "xla_detailed_logging": n}'))


def test_a_dash_pasted_from_a_page_is_named() -> None:
    (one,) = found('import os\nos.environ["XLA_FLAGS"] = "-\u2013xla_force_host_platform_device_count=4"\n')
    assert one.confidence >= 0.9
    assert "two hyphens" in one.message
    assert "`--xla_force_host_platform_device_count`" in one.help
