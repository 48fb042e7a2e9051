"""Long texts are converted in time that grows with their length, up to a limit."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest

from accounts.caller import Caller
from accounts.policy import Policy
from accounts.scopes import SCOPES
from mcpserver.content.conversion import AT_ONCE, MAX_BARE, LongTexts, Texts, converting, html_of
from mcpserver.content.errors import WrongValue
from mcpserver.content.richtext.baretext import bare_text
from mcpserver.content.richtext.htmltags import find_tags
from mcpserver.content.richtext.richtext import (
    MAX_CHARACTERS,
    paragraphs,
    to_html,
)
from mcpserver.context import CallContext, set_call
from tests.mcpserver.content.richtext.both_ways import (
    meaning,
    to_text,
)
from tests.measuring import thread_seconds

STATUS = Path("/proc/self/status")


@pytest.mark.parametrize(
    "text",
    [
        "=" * 48_000 + " x",
        "-" * 48_000 + " x",
        "|" * 48_000 + " x",
        "x " + ": " * 20_000 + "x",
        "# " + "#" * 40_000 + "x",
        "# x" + "#" * 40_000,
        "x " + "https://_" * 5_000 + " x",
        "x " + "a_b." * 12_000 + " x",
        "x " + "x://" * 12_000 + " x",
        "[a]:\n" * 3_000 + "[a] x",
    ],
    ids=["=", "-", "|", ":", "#", "x#", "https", "mail", "scheme", "label"],
)
def test_a_long_line_of_marks_takes_its_length(text: str) -> None:
    html, part = to_html(text), to_html(text[: len(text) // 8] + text[-2:])
    few = thread_seconds(lambda: to_text(part))
    assert thread_seconds(lambda: to_text(html)) < 24 * few + 0.2
    assert to_html(to_text(html)) == html


@pytest.mark.parametrize(
    "unit",
    [
        '<p a=\'" b=\'" c="',
        "<p a=\"'",
        "<p a=\" b='",
        "<p a=\"' b='\" c='",
        "<p a a a a",
        "<p a=a b",
        "<svg><p/>",
        "<a-b c>",
        "<b c>",
        "<!--",
        "</",
        "<script>",
        "<style></style>",
        "<p a={b} ",
    ],
)
def test_tags_are_found_in_time_that_grows_with_the_length(unit: str) -> None:
    few = thread_seconds(lambda: [find_tags(unit * 250), bare_text(unit * 2_500)])
    many = thread_seconds(lambda: [find_tags(unit * 2_000), bare_text(unit * 20_000)])
    assert many < 24 * few + 0.05


def alike_tables(count: int) -> str:
    """Tables within each other that are equal when the innermost shows something before it."""
    outer = "<tr><td>" * count + "<table>"
    return f"<table>{outer * 7}{'<tr><td>' * (count - 1)}<tr>{'<br>' * 16 * count}{'</table>' * 8}"


@pytest.mark.parametrize(
    "html_of_size",
    [
        alike_tables,
        lambda count: "<table><tr>" + "x<b>y</b>" * 8 * count + "</table>",
        lambda count: "<p>" + "<br>" * 16 * count + "x</p>",
        lambda count: "<p>" + "<span>a b </span>" * 8 * count + "</p>",
        lambda count: "<ul>" + "<ul><li>a</ul>" * 4 * count + "</ul>",
        lambda count: "<p>" + ("<b><u>" * 20 + "x" + "</u></b>" * 20) * (count // 5) + "</p>",
        lambda count: "<pre>" + "a<br>" * 8 * count + "</pre>",
        lambda count: "<p " + "class=mention data-a=1 " * 2 * count + ">x</p>",
    ],
    ids=["tables", "in rows", "breaks", "spans", "lists", "nested", "code", "attributes"],
)
def test_a_tree_is_built_and_read_in_time_that_grows_with_the_length(
    html_of_size: Callable[[int], str],
) -> None:
    few, many = html_of_size(15), html_of_size(120)
    limit = 24 * thread_seconds(lambda: meaning(few)) + 0.2
    assert thread_seconds(lambda: meaning(many)) < limit


@pytest.mark.skipif(not STATUS.exists(), reason="the memory of a process is told by Linux only")
def test_conversions_leave_nothing_in_memory() -> None:
    text = to_text(to_html(" ".join(f"**{number}** [a](https://x.org)" for number in range(100))))

    def memory_after(conversions: int) -> int:
        for _ in range(conversions):
            assert to_text(to_html(text)) == text
        return int(STATUS.read_text().partition("VmRSS:")[2].split()[0])

    before = memory_after(50)
    assert memory_after(200) - before < 200 * len(text) / 1024


def test_a_plain_comment_has_the_same_limit() -> None:
    with pytest.raises(WrongValue, match="at most 50,000 characters"):
        paragraphs("x\n" * MAX_CHARACTERS)


@pytest.mark.parametrize(
    "html",
    [
        "<p>" + "<div>" * 4500 + "all the same" + "</div>" * 4500,
        "<blockquote>" * 200 + "all the same<br>" * 3000,
        "<p x" * 12_400 + " all the same",
        "all the same " * 10_000,
        "<p>all the same</p>" * 3_000 + "Vec<all the same>",
        "all the same" + "\u2028" * 9_000,
    ],
)
def test_what_is_too_much_to_convert_is_read_as_bare_text(html: str) -> None:
    texts = Texts()
    assert "all the same" in texts.text(html)
    assert texts.notice is not None
    assert texts.notice.startswith("Without formatting: 1 text beyond 50,000 characters")


def test_a_result_has_a_limit_of_its_own() -> None:
    texts = Texts()
    read = [texts.text(f"<p><b>{number}</b>{'x' * 39_000}</p>") for number in range(40)]
    assert ["**0**" in read[0], "**1**" in read[1], "**2**" in read[2]] == [True, True, False]
    assert sum(map(len, read)) < MAX_BARE + 5 * MAX_CHARACTERS
    assert "Without formatting" in str(texts.notice)
    assert "cut short" in str(texts.notice)


def call_as(user: str) -> None:
    set_call(CallContext(Caller.from_environment(user, Policy(frozenset(SCOPES)))))


@pytest.mark.parametrize(
    "convert",
    [
        lambda: html_of("[" * MAX_CHARACTERS),
        lambda: html_of("|a" * 40 + "\n" + "|-" * 40 + "\n" + "b\n" * 46),
        lambda: html_of(("- " * 24 + "a\n") * 40),
        lambda: html_of(("1. " * 20 + "a\n") * 32),
        lambda: html_of("*a*_b_" * 330),
        lambda: html_of("".join(f"<p x{n}=1 y{n}=2>" for n in range(2_500))),
        lambda: converting(lambda texts: texts.text(f"<p>{'[' * 20_000}</p>")),
        lambda: converting(lambda texts: texts.text("<p x" * 100_000)),
        lambda: converting(lambda texts: texts.text("</" * 100_000)),
        lambda: converting(lambda texts: texts.text("& " * 100_000)),
        lambda: converting(lambda texts: [texts.text(f"<p>{n:04}</p>") for n in range(2_000)]),
    ],
)
def test_long_texts_are_converted_while_the_loop_goes_on(
    convert: Callable[[], Awaitable[object]],
) -> None:
    async def turns_meanwhile() -> int:
        call_as("alice")
        converting = asyncio.ensure_future(convert())
        turns = 0
        while not converting.done():
            await asyncio.sleep(0)
            turns += 1
        await converting
        return turns

    assert 2 < asyncio.run(turns_meanwhile())


def test_a_queue_of_one_caller_holds_up_no_other() -> None:
    async def order() -> list[str]:
        done: list[str] = []

        async def convert(user: str, number: int) -> None:
            call_as(user)
            await html_of(f"{number} " + "*a " * 10_000)
            done.append(user)

        await asyncio.gather(*(convert("alice", n) for n in range(12)), convert("bob", 0))
        return done

    assert "bob" in asyncio.run(order())[:6]


@pytest.mark.parametrize("text", ["x" * (AT_ONCE + 1), "a\n" * 60, "\u2028" * 60, "<hr>" * 60])
def test_short_texts_need_no_thread(text: str) -> None:
    with pytest.raises(LongTexts):
        Texts(at_once=True).text(text)
    assert "x" == Texts(at_once=True).text("<p>x</p>")
