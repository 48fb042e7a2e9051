"""Texts are refused for what they really become, with the limit that was met."""

from __future__ import annotations

import random
import re

import comrak
import pytest

from mcpserver.content.errors import WrongValue
from mcpserver.content.richtext.expansion import MAX_COLUMNS, refuse_expansion, rows_of
from mcpserver.content.richtext.htmltags import MAX_DEPTH, MAX_TAGS, TooComplex
from mcpserver.content.richtext.richtext import MAX_CHARACTERS, to_html

MARKS = [">", "> ", "- ", "* ", "_ ", "-", "=", "#", "+", "|", " -", "*"]


def table(columns: int, short_rows: int) -> str:
    return "|a" * columns + "\n" + "|-" * columns + "\n" + "b\n" * short_rows


RULES = ["|-|-|-|", "-", "|-|", "| 1 | - | 2 |", "|---|---|---|", "| |-| |", "x", ">"]


@pytest.mark.parametrize("mark", MARKS)
@pytest.mark.parametrize("around", ["{}", "a\n\n{}\n\nb", "```\n{}\n```", "    {}", "- a\n\n  {}"])
def test_a_line_drawn_with_marks_is_taken(mark: str, around: str) -> None:
    assert to_html(around.format(mark * 60))


def test_a_line_drawn_with_quotes_stays_a_text() -> None:
    assert f"<p>{'&gt;' * 60}</p>" == to_html(">" * 60)
    assert "&gt;" * 60 in to_html(f"```\n{'>' * 60}\n```")


@pytest.mark.parametrize("line", [">" * 60 + " a", "- " * 60 + "a", "1. " * 60 + "a"])
def test_code_nests_nothing(line: str) -> None:
    assert line.replace(">", "&gt;") in to_html(f"```\n{line}\n```")


@pytest.mark.parametrize("rule", RULES)
def test_a_long_table_is_taken_whatever_stands_between_its_rows(rule: str) -> None:
    html = to_html("|a|b|c|\n|-|-|-|\n" + f"|x|y|z|\n{rule}\n" * 150)
    assert html.count("z") == 150


@pytest.mark.parametrize(
    ("text", "limit"),
    [
        ("x" * (MAX_CHARACTERS + 1), "at most 50,000 characters and this one has 50,001: shorten"),
        ("<br>" * (MAX_TAGS + 1), "more than 4,000 tags, as HTML: use less"),
        ("*a* " * MAX_TAGS, "more than 4,000 tags, as HTML: use less"),
        ("&" * (MAX_TAGS + 1), "more than 4,000 of & < >: split it"),
        ("<div>" * (MAX_DEPTH + 1) + "</div>" * (MAX_DEPTH + 1), "more than 50 levels of nesting"),
        (">" * (MAX_DEPTH + 1) + " x", "more than 50 levels of nesting: nest it less"),
        ("- " * (MAX_DEPTH + 1) + " x", "more than 50 levels of nesting: nest it less"),
        (table(200, 200), "lack 39,800 cells, more than 10,000"),
        (table(MAX_COLUMNS + 1, 0), "a table of more than 500 columns: split it"),
        ("- " * 49 + "a" + "\n" * 20_000, "too many lines in lists or quotes within each other"),
    ],
)
def test_what_is_too_much_is_refused_with_its_limit(text: str, limit: str) -> None:
    with pytest.raises(WrongValue, match=limit):
        to_html(text)


SLOW = [
    table(MAX_COLUMNS + 1, 0),
    table(12_000, 0),
    (table(6_200, 0) + "\n") * 2,
    table(1_000, 400),
    table(6_000, 12_000).replace("|-\n", "|-\x0c|\n"),
    table(6_000, 12_000).replace("|-\n", "|-\v|\n"),
    table(400, 100),
    "> " + table(400, 100).replace("\n", "\n> "),
    *(f"{mark}" * 100 + "x" + "\n" * 40_000 for mark in ("- ", "* ", "+ ", "1. ", "- 1) ", ">- ")),
    "- " * 12_000 + "x\n" + "\n" * 25_000,
    "- * " * 500 + "\n" * 40_000,
    "-\t" * 500 + "a" + "\n" * 40_000,
    ("- " * 100 + "a\n") * 240,
    "".join(f"{'  ' * level}- a\n" for level in range(150)) + "\n" * 20_000,
]


@pytest.mark.parametrize("text", SLOW, ids=range(len(SLOW)))
def test_what_markdown_would_take_long_for_is_refused_before(text: str) -> None:
    with pytest.raises(TooComplex):
        refuse_expansion(text)


@pytest.mark.parametrize(
    "text",
    [
        "- a\n" * 12_000,
        "1. a\n" * 9_000,
        ("> " * 5 + "a\n") * 4_000,
        "- " * 200 + "\n" + "a\n" * 20_000,
        "* " * 200 + "\n" + "a\n" * 20_000,
        "1" * 40_000 + "\na" * 1_000,
        " " * 40_000 + "\na" * 1_000,
        "\n" * 49_000,
        (" " * 40 + "return x\n") * 1_000,
        "|a|b|\n|-|-|\n" + "|1|2|\n" * 5_000,
        "+---+---+\n" * 4_000,
    ],
)
def test_what_is_only_long_is_converted(text: str) -> None:
    refuse_expansion(text)


def test_no_table_gets_more_cells_than_were_counted() -> None:
    """Whatever ends a table or begins one, for Markdown."""
    options = comrak.ExtensionOptions()
    options.table = True
    dice = random.Random(1)
    wide = MAX_COLUMNS // 10
    head, rule = "|x" * wide, "|-" * wide
    pieces = [head, rule, f"{rule}\x0c", f"\v{rule}|", "|a|b|", "|-|-|", "-", "> |-|", "a", "", ">"]
    pieces += ["- a", "# h", "---", "```", "    a", "<p>", "  |a", "> a", ">>", "\\|", " ", "\t"]
    pieces += ["\v", "\x0c", f"{head}\x0c", f"\u00a0{head}", f"{rule}\x1f", "| \v |"]
    for _ in range(300):
        lines = [dice.choice(pieces) for _ in range(20)]
        place = dice.randrange(20)
        text = "\n".join([*lines[:place], head, rule, *lines[place:]])
        cells = len(re.findall("<t[dh]>", comrak.render_markdown(text, options)))
        assert cells <= sum(max(len(row.cells), row.most) for row in rows_of(text))
