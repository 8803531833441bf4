"""Why a source could not be parsed, in one sentence with the line."""

import codecs
import re
import sys

_CODING = rb"^[ \t\f]*#.*?coding[:=][ \t]*([-\w.]+)"
_PYTHON_2 = (
    # what the parser's message holds, what the line holds, what it is called
    (r"Missing parentheses in call to 'print'", rb"", "print statement"),
    (r"Missing parentheses in call to 'exec'", rb"", "exec statement"),
    (r"multiple exception types", rb"except\b[^:]*,\s*(\(.*|[a-z_]\w*\s*):", "except X, name"),
    (r"leading zeros in decimal", rb"", "octal number"),
    (r"invalid (decimal|hexadecimal|octal|digit)", rb"\b(0x[\da-fA-F]+|\d+)[lL]\b", "long integer"),
    (r"parameters cannot be parenthesized|invalid syntax", rb"\bdef\s+\w+\s*\(.*\(", "tuple parameter"),
    (r"arameters cannot be parenthesized", rb"\blambda\b", "tuple parameter"),
    (r"invalid syntax|expected", rb"\braise\s+[\w.]+(\[\w+\]|\(.*\))?\s*,", "raise X, value"),
    (r"invalid syntax", rb"<>", "<> operator"),
    (r"invalid syntax", rb"`", "backquotes"),
    (r"invalid syntax", rb"\b[uU][rR]['\"]", "ur string"),
    (r"invalid syntax", rb"^\s*print\b\s*[^\s(=.,)]", "print statement"),
    (r"invalid syntax", rb"^\s*exec\b\s*[^\s(=.,)]", "exec statement"),
)
_NAME = rb"\s*[^\W\d]\w*\s*"
_NEWER = (
    # the minor version of Python 3 that brought it, and the same three
    (13, r"", rb"^\s*(type|class|(async\s+)?def)" + _NAME + rb"\[[^\]]*=[^\]]*\]\s*[(:=]", "type parameter default"),
    (12, r"", rb"^\s*type\s" + _NAME + rb"(\[.*\]\s*)?=", "type statement"),
    (12, r"", rb"^\s*(class|(async\s+)?def)\s" + _NAME + rb"\[", "type parameter syntax"),
    (12, r"f-string expression part cannot include|f-string: expressions nested", rb"", "f-string syntax"),
    (12, r"f-string: (expecting|unmatched|untermin)", rb"[fF][rR]?(['\"]).*\{.*\1.*\1.*\1", "f-string syntax"),
    (12, r"unterminated (f-)?string|f-string: expecting", rb"[fF][rR]?['\"].*\{[^}'\"]*$", "f-string syntax"),
    (14, r"multiple exception types", rb"", "except without parentheses"),
    (14, r"invalid syntax", rb"(^|[^\w'\"])([tT][rR]?|[rR][tT])['\"]", "template string"),
    (15, r"invalid syntax", rb"^\s*lazy\s+(import|from)\b", "lazy import"),
    (15, r"unpacking cannot be used in", rb"", "unpacking in a comprehension"),
)
_NEEDS = r"needs Python 3\.(\d+)"
_JOINED = 8
"""So many lines above the one that Python 3.11 names may the f-string stand: it names the last of joined strings."""


def needs_python(reason: str) -> int | None:
    """The minor version of Python 3 from which on a source with this reason can be read, if that is what it says."""
    found = re.match(_NEEDS, reason)
    return int(found[1]) if found else None


def reason(error: BaseException, data: bytes, running: int = sys.version_info.minor) -> str:
    """One sentence for what the parser raised on these bytes. `running` is the parser's minor version."""
    if isinstance(error, SyntaxError):
        return (
            not_text(data)
            or _too_deep(error)
            or _python_2(error, data)
            or _newer_python(error, data, running)
            or f"syntax error: {error.msg.partition('; use sys.')[0]} (line {_line(error, data)})"
        )
    if isinstance(error, RecursionError | MemoryError):
        return f"nested too deeply for Python's parser (the longest expression is in line {_longest_line(data)})"
    return not_text(data) or f"{type(error).__name__} while parsing: {error} (line {_longest_line(data)})"


def not_text(data: bytes) -> str | None:
    """What keeps the bytes from being text: NUL bytes, an unknown encoding, bytes outside the declared one."""
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        return "UTF-16 text; Python reads UTF-8 unless a coding comment names another encoding (line 1)"
    if b"\0" in data:
        return f"a NUL byte: this is not Python source (line {_line_at(data, data.index(0))})"
    encoding, line = _declared_encoding(data)
    try:
        data.decode(encoding)
    except UnicodeDecodeError as error:
        byte = f"byte 0x{data[error.start]:02x}, " if error.start < len(data) else ""
        declared = f"not the encoding {encoding!r} declared in line {line}"
        what = declared if line else "not UTF-8, and names no other encoding"
        return f"{what} ({byte}line {_line_at(data, error.start)})"
    except (LookupError, ValueError, RecursionError):
        return f"declares the unknown encoding {encoding!r} (line {line})"
    return _bom_against(encoding, line, data)


def _bom_against(encoding: str, line: int, data: bytes) -> str | None:
    if line and data.startswith(codecs.BOM_UTF8) and codecs.lookup(encoding).name not in ("utf-8", "utf-8-sig"):
        return f"starts with a UTF-8 mark but declares the encoding {encoding!r} (line {line})"
    return None


def _declared_encoding(data: bytes) -> tuple[str, int]:
    """The encoding that PEP 263 finds and its line; line 0 when none is declared."""
    for number, line in enumerate(data.removeprefix(codecs.BOM_UTF8).split(b"\n", 2)[:2], 1):
        if found := re.match(_CODING, line):
            return found[1].decode("ascii", "replace"), number
        if line.strip() and not line.lstrip().startswith(b"#"):
            break
    return "utf-8", 0


def _too_deep(error: SyntaxError) -> str | None:
    for words in ("too many nested", "too many levels of indentation", "too many statically nested"):
        if words in error.msg:
            return f"nested too deeply for Python's parser: {error.msg} (line {error.lineno or 1})"
    return None


def _python_2(error: SyntaxError, data: bytes) -> str | None:
    number = _line(error, data)
    text = _text(data, number)
    for message, line, name in _PYTHON_2:
        if re.search(message, error.msg) and re.search(line, text):
            return f"Python 2 syntax ({name}, line {number})"
    if re.search(rb"\b(async|await)\s*[=,)]|\.(async|await)\b", text) and "invalid syntax" in error.msg:
        return f"syntax of Python 3.6 or older (async or await as a name, line {number})"
    return None


def _newer_python(error: SyntaxError, data: bytes, running: int) -> str | None:
    last = _line(error, data)
    first = max(last - _JOINED, 1) if "f-string" in error.msg else last
    for number in range(last, first - 1, -1):
        text = _text(data, number)
        for minor, message, line, name in _NEWER:
            if minor > running and re.search(message, error.msg) and re.search(line, text):
                return f"needs Python 3.{minor} or newer to read ({name}, line {number})"
    return None


def _line(error: SyntaxError, data: bytes) -> int:
    return min(max(error.lineno or 1, 1), data.count(b"\n") + data.count(b"\r") + 1)


def _text(data: bytes, number: int) -> bytes:
    lines = data.splitlines()
    return lines[number - 1] if number <= len(lines) else b""


def _line_at(data: bytes, offset: int) -> int:
    return len(data[:offset].splitlines()) + (data[:offset].endswith((b"\n", b"\r")) or offset == 0)


def _longest_line(data: bytes) -> int:
    lines = data.splitlines() or [b""]
    return 1 + max(range(len(lines)), key=lambda index: len(lines[index]))
