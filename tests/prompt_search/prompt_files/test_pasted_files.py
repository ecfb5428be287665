"""Lists from code and notes are taken apart, or refused with the line; files are read however they were saved."""

import pytest

from prompt_search.errors import PromptError
from tests.prompt_search.prompt_files.conftest import Import

PHOTO, DRAWING, SHOP = "a photo of a {}.", "a drawing of the {}", "{} in a shop"
EXPECTED = (PHOTO, DRAWING, SHOP)


@pytest.mark.parametrize(
    "content",
    [
        "lambda c: f'a photo of a {c}.',\n'a drawing of the {}',\n\"{} in a shop\"\n",
        "templates = [\n    'a photo of a {}.',  # one\n    \"a drawing of the {}\",\n    '{} in a shop',\n]\n",
        "['a photo of a {}.', 'a drawing of the {}', '{} in a shop']",
        "('a photo of a {}.',\n 'a drawing of the {}',\n '{} in a shop')",
        '["a photo of a {}.", "a drawing of the {}", "{} in a shop",]',
        "import os\nTEMPLATES: list[str] = [lambda x: f'a photo of a {x}.', lambda x: 'a drawing of the ' + x,\n"
        "    lambda x: '{} in a shop'.format(x)]\n",
        "'a photo of a %s.' % c\n'a drawing of the {c}'.format(c=c)\nu'{} in a shop'\n",
        "```python\ntemplates = [\n  'a photo of a {}.',\n  'a drawing of the {}',\n  '{} in a shop'\n]\n```\n",
        "['a photo of a {}.',\n 'a drawing of the {}',\n '{} in a shop'",
        "- a photo of a {}.\n- 'a drawing of the {}'\n- \"{} in a shop\"\n",
        "templates:\n  - a photo of a {}.\n  - a drawing of the {}\n  - '{} in a shop'\n",
        '1. a photo of a {}.\n2) a drawing of the {},\n(3) "{} in a shop",\n',
        "* a photo of a {}.\n• “a drawing of the {}”\n– {} in a shop;\n",
        "a photo of a <CLASS>.\n# a comment\n\na drawing of the {classname},\n[CLASS] in a shop\n",
        "templates: ['a photo of a {}.', \"a drawing of the {}\", '{} in a shop']\n",
        "templates: [\n  'a photo of a {}.',\n  'a drawing of the {}',\n  '{} in a shop'\n]\n",
        "def t(c):\n    return f'a photo of a {c}.'\ndef u(c): return f\"a drawing of the {c}\"\n{} in a shop\n",
        "> a photo of a {}.\n> a drawing of the {}\n> {} in a shop\n",
        "|---|\n| a photo of a {}. |\n| a drawing of the {} |\n| {} in a shop |\n",
        "a photo of a {}., a drawing of the {}\n{} in a shop  # the third\n",
        "a photo of a {}.; a drawing of the {} // two\n{} in a shop\n",
        "'a photo of '\\\n 'a {}.'\n'a drawing of the {}'\n'{} in a shop'\n",
    ],
)
@pytest.mark.parametrize("name", ["mine.txt", "mine.PY", "mine"])
def test_a_pasted_list_is_taken_apart(imported: Import, content: str, name: str) -> None:
    read = imported(content, name)
    assert read.prompts.compiled().templates == EXPECTED
    assert "3 templates" in read.reading[0]
    assert repr(PHOTO) in read.reading[0]


@pytest.mark.parametrize("content", ["T=('a photo of a {}.')", "T = 'a photo of a {}.'"])
def test_one_text_is_one_template(imported: Import, content: str) -> None:
    assert imported(content, "t.py").prompts.compiled().templates == (PHOTO,)


def test_quotes_that_belong_to_a_template_stay(imported: Import) -> None:
    read = imported('"{}" in the wild\na sign that says "{}".\nit\'s a {}\nfor sale: a {} (new)\n', "mine.txt")
    assert read.prompts.compiled().templates == (
        '"{}" in the wild',
        'a sign that says "{}".',
        "it's a {}",
        "for sale: a {} (new)",
    )


def test_a_formula_too_deep_for_the_parser_is_refused(imported: Import) -> None:
    with pytest.raises(PromptError, match=r"mine\.txt"):
        imported("t = ['a {}'" + " + c" * 1500 + "]", "mine.txt")


@pytest.mark.parametrize(
    ("content", "line", "why"),
    [
        ("a photo of a {}.\na cat\n", 2, "no place for the class name"),
        ("\n'a photo of a {}.',\n'a drawing of the {}\n", 3, "quotes that do not close"),
        ('a photo of a {}.\na drawing of the {}"\n', 2, "a quote that does not close"),
        ("t = [\n'a photo of a {}.'\n'a drawing of the {}',\n]", 2, "no comma between them"),
        ("x = 3\ntemplates = [make('a {}')]\n", 2, "would have to be run"),
        ("templates = make(['a {}'])\n", 1, "would have to be run"),
        ("a {}\nlambda c: f'a {c.lower()}'\n", 2, "would have to be run"),
        ("a {}\nt = [f'a {c} and {d}']\n", 2, "would have to be run"),
        ("t = [\n'a {}',\nf'a {c} and {d}']\n", 3, "several names, c and d"),
        ("a photo of a {}.\n'a {} of '+style\n", 2, "would have to be run"),
        ('a photo of a {}.\n"a {} of "+style\n', 2, "would have to be run"),
        ("t = [\n'a {} of '+style]\n", 2, "a place for the class name beside style"),
        ("[a photo of a {}., a {}]\n", 1, "a list of texts without quotes"),
        ("| 1 | a photo of a {}. |\n", 1, "several columns"),
        ("a photo of a {}.\na {} of the {breed}\n", 2, "only the class name"),
        ("red:\n  - a red square\n", 2, "no place for the class name"),
        ("red:\n  - a warm {}\nblue:\n  - a cold {}\n", 3, "lists under several names"),
    ],
)
def test_what_is_no_template_is_refused_with_its_line(imported: Import, content: str, line: int, why: str) -> None:
    with pytest.raises(PromptError, match=rf"mine\.txt, line {line}: .*{why}"):
        imported(content, "mine.txt")


def test_a_faulty_template_of_a_json_list_is_named_by_its_number(imported: Import) -> None:
    with pytest.raises(PromptError, match=r"mine\.json, entry 2: the template 'a cat'"):
        imported([PHOTO, "a cat"])


@pytest.mark.parametrize("name", ["T.JSON", "t.Json", "t.txt", "t"])
def test_json_is_json_whatever_the_ending_says(imported: Import, name: str) -> None:
    assert imported([PHOTO, DRAWING, SHOP], name).prompts.compiled().templates == EXPECTED


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "utf-32"])
@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_text_is_read_in_every_encoding_that_windows_writes(imported: Import, encoding: str, end: str) -> None:
    content = end.join(["a café of a {}.", "naïve {}"]) + end
    assert imported(content.encode(encoding), "t.txt").prompts.compiled().templates == ("a café of a {}.", "naïve {}")


def test_json_with_a_mark_in_utf_16_is_read(imported: Import) -> None:
    assert imported('["a {}"]'.encode("utf-16")).prompts.compiled().templates == ("a {}",)


def test_another_encoding_is_refused_with_the_line(imported: Import) -> None:
    with pytest.raises(PromptError, match=r"t\.txt, line 2, can't be read as UTF-8"):
        imported("a {}\ncafé {}\n".encode("latin-1"), "t.txt")


def test_a_file_that_is_no_text_is_refused(imported: Import) -> None:
    with pytest.raises(PromptError, match=r"t\.txt is not a text file"):
        imported(b"a {}" + b"\0" + b" binary {}" * 200, "t.txt")
