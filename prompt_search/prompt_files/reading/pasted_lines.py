"""Templates one a line, with whatever a list in another notation left around them."""

import ast
import re

from prompt_search.prompt_files.reading.places import has_place
from prompt_search.prompt_files.reading.python_texts import NotPlain, python_value

__all__ = ["template_lines"]

COMMENT = re.compile(r"#|//|%YAML")
FRAME = re.compile(r"(?!\{\}$)[\[\](){},;]*|```\w*|---+|\.\.\.")
"""What may stand on a line of its own around a list; `{}` is a template."""
OPENING = re.compile(r"""[A-Za-z_]\w*\s*(?:(?::\s*\w+\s*)?=\s*(?=[\[({'"]|$)|:\s*(?=\[))""")
"""`templates = `, and YAML's `templates: [`."""
REMARK = re.compile(r"(?<=\S)\s+(?:#|//)\s.*$")
QUOTE = re.compile(r">\s+|\|\s*(?=[^|]*\|$)")
"""What frames a quoted line, or a table of one column."""
RULE = re.compile(r"\|(?:\s*:?-+:?\s*\|)+")
RETURN = re.compile(r"""return\s+(?=[fruFRU]{0,2}["'])""")
DEF = re.compile(r"(?:async\s+)?def\s+\w+\s*\([^()]*\)\s*(?:->[^:]*)?:\s*")
JOINT = re.compile(r"(?<=[.!?])\s*[,;]\s+")
OPERATOR = re.compile(r'"[^"]*"\s*(?:[+%*]|\.\w+\()')
MARKER = re.compile(r"[-*+•–—]\s+|\(?\d{1,3}[.):]\s+")
QUOTED = {"“": "”", "‘": "’", "«": "»", "„": "“", "`": "`"}
CODE = re.compile(r"""[fruFRU]{0,2}["']|lambda\b""")
UNRUN = re.compile(
    r"""\w\(["'\[(]|^[A-Za-z_]\w*\s*=\s|^def\s+\w+\(|^import\s+\w+$|^from\s+\S+\s+import\b|\blambda\b.*:"""
)
NAME = re.compile(r"[^\s:{}][^:{}]*:")
"""A line of YAML under which texts are listed."""


def template_lines(text: str) -> list[tuple[int, str]]:
    """The templates in a text, each with the number of its line; blank lines and comments are passed over.

    Taken off are list markers (`-`, `1.`), brackets, assignments, quotes, commas, `lambda c: f'...'`.

    Raises:
        NotPlain: with the line, for quotes that don't close and code that would have to be run.

    >>> template_lines('- "a photo of a {}."\\n- a drawing of a {}.')
    [(1, 'a photo of a {}.'), (2, 'a drawing of a {}.')]
    """
    found, names = [], 0
    for number, raw in enumerate(text.split("\n"), 1):
        line = raw.strip()
        line = line[match.end() :] if (match := DEF.match(line)) else line
        line = line[match.end() :] if (match := RETURN.match(line)) else line
        if NAME.fullmatch(line):
            names += 1
            if names > 1:
                raise _at(number, "lists under several names; write them as JSON: {name: [text, ...]}")
            continue
        line = line[match.end() :] if (match := OPENING.match(line)) else line
        if not line or RULE.fullmatch(line) or COMMENT.match(line) or FRAME.fullmatch(line):
            continue
        try:
            found += [(number, each) for each in _of_line(line)]
        except NotPlain as error:
            error.line = number
            raise
    return found


def _at(line: int, what: str) -> NotPlain:
    fault = NotPlain(ast.Constant(""), what)
    fault.line = line
    return fault


def _of_line(line: str) -> list[str]:
    if framed := QUOTE.match(line):
        line = line[framed.end() :].removesuffix("|").rstrip()
    if line.startswith("|"):
        raise NotPlain(ast.Constant(""), "a table with several columns")
    if marker := MARKER.match(line):
        line = line[marker.end() :]
    code = line.lstrip("[( \t")
    if CODE.match(code):
        return _of_code(code)
    plain = REMARK.sub("", line).rstrip(",; \t")
    closing = QUOTED.get(plain[:1])
    if closing and len(plain) > 1 and plain.endswith(closing):
        return [plain[1:-1]]
    if UNRUN.search(plain):
        raise NotPlain(ast.Constant(""), "Python that would have to be run")
    if plain.count('"') % 2:
        raise NotPlain(ast.Constant(""), "a quote that does not close")
    if plain.startswith("[") and plain.endswith("]") and "," in plain:
        raise NotPlain(ast.Constant(""), "a list of texts without quotes")
    parts = JOINT.split(plain)
    return parts if all(map(has_place, parts)) else [plain]


def _of_code(code: str) -> list[str]:
    for source in (code.rstrip(",; \t"), code.rstrip("]),; \t")):
        parsed = python_value(source)
        if parsed is not None:
            return list(parsed[1])
    plain = code.rstrip(",; \t")
    if plain.startswith('"') and plain.count('"') % 2 == 0 and not OPERATOR.match(plain):  # `"{}" in a shop`
        return [plain]
    raise NotPlain(ast.Constant(""), "quotes that do not close, or Python that would have to be run")
