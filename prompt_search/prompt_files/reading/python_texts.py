"""Texts in Python's notation, as they are pasted from notebooks and code: parsed, and nothing of it is run."""

import ast
import warnings
from collections.abc import Iterator
from typing import Any

from evaluators import PLACEHOLDER

__all__ = ["NotPlain", "python_value"]

LONGEST = 2**20
"""Characters; longer sources are lists of data in another form, and the parser would take minutes."""


class NotPlain(Exception):
    """A part of the source that would have to be run, or stands for something unclear; `line` counts from 1."""

    def __init__(self, node: ast.AST, what: str) -> None:
        super().__init__(what)
        self.line: int = getattr(node, "lineno", 1)


def python_value(source: str) -> tuple[Any, dict[str, int]] | None:
    """The texts, lists and dicts that a Python source writes down, and the line of each text.

    Understood are strings, f-strings and lambdas with one name in them, `.format(name)`, `"..." + name`, `"%s" % name`,
    lists, tuples, dicts, and assignments of those. Several assignments give a dict by name. What is imported, called or
    defined beside them is passed over. `None` if the source is no Python, or has no strings.

    Raises:
        NotPlain: for an assignment that would have to be run.

    >>> python_value("templates = [lambda c: f'a photo of a {c}.', 'a drawing of a {}']")[0]
    ['a photo of a {}.', 'a drawing of a {}']
    """
    tree = _parsed(source)
    if tree is None or not _has_text(tree):
        return None
    lines: dict[str, int] = {}
    named: dict[str, Any] = {}
    loose: list[Any] = []
    for statement in tree.body:
        if isinstance(statement, ast.Expr):
            try:
                value = _value(statement.value, lines)
            except NotPlain:
                return None  # a line of plain words can look like Python
            loose += value if isinstance(value, list) else [value]
        else:
            named |= {name: _value(node, lines) for name, node in _assigned(statement)}
    if loose:
        named[""] = loose[0] if len(loose) == 1 and isinstance(loose[0], dict) else loose
    if len(named) > 1 or not named:
        return (named, lines) if named else None
    (only,) = named.values()
    return [only] if isinstance(only, str) else only, lines


def _parsed(source: str) -> ast.Module | None:
    if len(source) > LONGEST:
        return None
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # about odd escapes in strings
            return ast.parse(source)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return None


def _assigned(statement: ast.stmt) -> Iterator[tuple[str, ast.expr]]:
    """The names and values of an assignment whose value is written down with quotes or brackets, and has texts."""
    match statement:
        case ast.Assign(targets=targets, value=value):
            pass
        case ast.AnnAssign(target=target, value=ast.expr() as value):
            targets = [target]
        case _:
            return
    written = isinstance(value, ast.List | ast.Tuple | ast.Set | ast.Dict | ast.JoinedStr | ast.Constant)
    if written and _has_text(value):
        yield from ((each.id, value) for each in targets if isinstance(each, ast.Name))


def _has_text(tree: ast.AST) -> bool:
    return any(isinstance(node, ast.Constant) and isinstance(node.value, str) for node in ast.walk(tree))


def _value(node: ast.expr, lines: dict[str, int]) -> Any:  # noqa: ANN401 - texts, lists and dicts of them
    if isinstance(node, ast.List | ast.Tuple | ast.Set):
        return [_value(each, lines) for each in node.elts]
    if isinstance(node, ast.Dict):
        keys = [_key(node, key) for key in node.keys]
        if len(set(keys)) < len(keys):
            raise NotPlain(node, "it has a key more than once")
        return {key: _value(each, lines) for key, each in zip(keys, node.values, strict=True)}
    text = _text(node)
    if (getattr(node, "end_lineno", node.lineno) or 0) > node.lineno and text.count(PLACEHOLDER) > 1:
        raise NotPlain(node, "texts with no comma between them, or several in one pair of quotes")
    lines.setdefault(text, node.lineno)
    return text


def _key(node: ast.Dict, key: ast.expr | None) -> str:
    if not isinstance(key, ast.Constant) or not isinstance(key.value, str | int):
        raise NotPlain(key or node, "a key that is not a text")
    return str(key.value)


def _text(node: ast.expr) -> str:
    """The text of an expression, with the placeholder where it has a name."""
    match node:
        case ast.Constant(value=str(text)):
            return text
        case ast.Lambda(body=body):
            return _text(body)
        case ast.JoinedStr(values=parts):
            return _one_name(node, "".join(_part(part) for part in parts))
        case ast.Call(func=ast.Attribute(value=inner, attr="format")) if len(node.args) + len(node.keywords) == 1:
            name = node.keywords[0].arg if node.keywords else None
            return _text(inner).replace("{" + name + "}", PLACEHOLDER) if name else _text(inner)
        case ast.BinOp(left=left, op=ast.Add(), right=right):
            return _one_name(node, _operand(left) + _operand(right))
        case ast.BinOp(left=ast.Constant(value=str(text)), op=ast.Mod()):
            return text.replace("%s", PLACEHOLDER)
    raise NotPlain(node, "Python that would have to be run")


def _part(part: ast.expr) -> str:
    if isinstance(part, ast.FormattedValue):
        if isinstance(part.value, ast.Name) and part.format_spec is None and part.conversion == -1:
            return PLACEHOLDER
        raise NotPlain(part, "braces with more than a name in them")
    return _text(part)


def _operand(node: ast.expr) -> str:
    return PLACEHOLDER if isinstance(node, ast.Name) else _text(node)


def _one_name(node: ast.expr, text: str) -> str:
    names = {each.id for each in ast.walk(node) if isinstance(each, ast.Name)}
    constants = [each.value for each in ast.walk(node) if isinstance(each, ast.Constant)]
    if (
        names
        and not any(isinstance(each, ast.Call) for each in ast.walk(node))
        and any(PLACEHOLDER in str(each) for each in constants)
    ):
        raise NotPlain(node, f"a place for the class name beside {' and '.join(sorted(names))}")
    if len(names) > 1:
        raise NotPlain(node, f"several names, {' and '.join(sorted(names))}, where one is the class name")
    return text
