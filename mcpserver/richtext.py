"""Converts between what agents write (Markdown, plain text, HTML) and the HTML of Infinity.

What is HTML: a tag that HTML has, complete with `>`, and closed again unless it may stay open.
A text that is nothing but HTML blocks is taken as HTML. All else is Markdown, in which the tags
that are stored are HTML too where they are closed, except in code. Every other `<` is a character
of the text: no word is lost.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from html import escape, unescape
from itertools import groupby
from typing import NamedTuple
from urllib.parse import quote, unquote

import comrak
import nh3

from mcpserver import htmltree
from mcpserver.htmlattributes import ATTRIBUTES, STYLES, kept_attributes, loses_styles
from mcpserver.htmltree import Element, Node, Tag, TooComplex
from mcpserver.markdown import one_line, written
from mcpserver.params import WrongValue
from mcpserver.simplified import canonical, simplified

MAX_CHARACTERS = 50_000
MAX_CELLS = 5_000

_EXTENSIONS = comrak.ExtensionOptions()
_EXTENSIONS.table = _EXTENSIONS.strikethrough = _EXTENSIONS.tasklist = True
_RENDERING = comrak.RenderOptions()
_RENDERING.unsafe_ = True  # nh3 decides what is safe
_RENDERING.hardbreaks = True  # every line break counts, as in plain text
_RENDERING.full_info_string = True  # the words after a code's language
# Stand for `<`, `[`, `:` and `~` that are text, through Markdown.
_LESS, _BRACKET, _COLON, _TILDE = _STAND_INS = "\ufdd0\ufdd1\ufdd2\ufdd3"
_PREFIX = r"^((?:[ \t>*+-]|\d{1,9}[.)](?=\s|$)|\[[ xX]\](?=\s|$))*+)"  # quotes, lists, boxes
_LABEL = r"(?<!\\)\[((?:[^\[\]\\]|\\[\[\]\\]?+){1,999}+)\]"
_DEFINITION = re.compile(rf"{_PREFIX}{_LABEL}:", re.MULTILINE)
_REFERENCE = re.compile(rf"(?<=\]){_LABEL}")
_NO_WORDS = re.compile(rf"{_PREFIX}(?:{_LABEL}(?=:))?", re.MULTILINE)
_STORED_TAG = re.compile(r"""<[^<>"]*+(?:"[^"]*+"[^<>"]*+)*+>""")
_WORD = re.compile(r"[^\W_]+")
_MAY_BE_MARKUP = re.compile(
    r"\\[!-/:-@\[-`{-~]|~++|\]\(<|<(?:[a-zA-Z][\w+.-]{1,31}:[^\s<>]*+>|[\w.+-]++@[\w.-]++>)?"
)
_MARKER = r"[ \t]*+(?:>|[-+*](?=[ \t])|\d{1,9}[.)](?=[ \t]))"
_DEEP = re.compile(rf"^(?:{_MARKER}){{{htmltree.MAX_DEPTH}}}", re.MULTILINE)
_TABLE_RULE = re.compile(r"^[ \t>*+\d.)|:-]*+$", re.MULTILINE)
_SCHEME = re.compile(r"\s*+([a-zA-Z][\w+.-]*+):")
_HTML = re.compile(rf"\s*<(?:{'|'.join(sorted(htmltree.BLOCKS))})\b", re.IGNORECASE)

_TAGS = htmltree.KNOWN - htmltree.SILENT - htmltree.NO_MEANING - htmltree.GROUPS
_TAGS |= {"div", "span", "section", "article", "header", "footer", "aside", "nav", "center"}


def to_html(text: str) -> str:
    """A text as the HTML to store, without scripts and event handlers. Raises WrongValue."""
    _refuse_long(text)
    try:
        return _stored(text.replace("\r\n", "\n").replace("\r", "\n"))
    except TooComplex:
        raise WrongValue(
            f"a text has at most {htmltree.MAX_TAGS:,} tags and marks, {MAX_CELLS:,} table cells "
            f"and {htmltree.MAX_DEPTH} levels of nesting: simplify it or split it"
        ) from None


def _stored(text: str) -> str:
    """The HTML of a text. Where a word would be lost, less of the text is markup."""
    for definitions in (True, False):
        tags, nodes = _converted(text, definitions=definitions)
        html = _cleaned(nodes)
        if not _loses_words(text, tags, html):
            return html
    return paragraphs(text)


def _loses_words(text: str, tags: list[Tag], html: str) -> bool:
    """Whether a word outside the tags of a text is not as often in its HTML.

    Numbers of lists, labels of links and words that touch an entity do not count.
    """
    bare = _NO_WORDS.sub(" ", _REFERENCE.sub(" ", _between_tags(text, tags)))
    words = Counter(_WORD.findall(bare)) & Counter(_WORD.findall(unescape(bare)))
    shown = unescape(_STORED_TAG.sub(_values, html))
    return bool(words - (Counter(_WORD.findall(shown)) | Counter(_WORD.findall(unquote(shown)))))


def _values(tag: re.Match[str]) -> str:
    """The values of a stored tag's attributes."""
    return " ".join(["", *tag[0].split('"')[1::2], ""])


def _between_tags(text: str, tags: list[Tag]) -> str:
    """A text without its tags; those that are not stored leave no blank behind."""
    parts, done = [], 0
    for tag in tags:
        kept = tag.name in _TAGS and (tag.name != "input" or "checkbox" in tag.attributes)
        parts += [text[done : tag.start], " " if kept or tag.name in htmltree.BLOCKS else ""]
        done = tag.end
    return "".join([*parts, text[done:]])


def _refuse_long(text: str) -> None:
    if len(text) > MAX_CHARACTERS:
        raise WrongValue(
            f"a text has at most {MAX_CHARACTERS:,} characters and this one has {len(text):,}: "
            "shorten it, split it, or attach it as a file"
        )


def _cleaned(nodes: list[Node]) -> str:
    return nh3.clean(
        htmltree.serialize(nodes),
        tags=set(_TAGS),
        attributes=ATTRIBUTES,
        generic_attribute_prefixes={"data-"},
        filter_style_properties=set(STYLES),
    ).strip()


def _converted(text: str, *, definitions: bool) -> tuple[list[Tag], list[Node]]:
    """The tags of a text and what becomes of it."""
    if text.lstrip().startswith("<"):
        tags = htmltree.find_tags(text, unclosed=htmltree.VOID | htmltree.LEFT_OPEN)
        nodes = htmltree.build(text, tags)
        if all(map(_is_html, nodes)) and any(isinstance(node, Element) for node in nodes):
            return tags, _safe(nodes)
    tags = htmltree.find_tags(text, unclosed=htmltree.ALONE, names=_TAGS) if "<" in text else []
    _refuse_expansion(text)
    source = _without_text_marks(text, tags)
    source = _without_lost_references(source) if definitions else source.replace("]:", f"]{_COLON}")
    html = comrak.render_markdown(source, _EXTENSIONS, None, _RENDERING)
    for stand_in, character in zip(_STAND_INS, "<[:~", strict=True):
        html = html.replace(stand_in, escape(character)).replace(quote(stand_in), quote(character))
    _refuse_lost_cells(text, html)
    return tags, _in_paragraphs(_safe(htmltree.parse(html)))


def _in_paragraphs(nodes: list[Node]) -> list[Node]:
    """Every text is in a block, as Infinity keeps it."""
    out: list[Node] = []
    for is_block, group in groupby(nodes, _is_html):
        run = list(group)
        out += run if is_block else [Element("p", {}, _stripped(run))]
    return out


def _is_html(node: Node) -> bool:
    return node.is_block if isinstance(node, Element) else not node.strip()


def _refuse_expansion(text: str) -> None:
    """Refuse what would become far longer, before it does."""
    if _DEEP.search(text):
        raise TooComplex
    cells = 0
    for columns, body in _tables(text):
        cells += columns * (body.count("\n") + 1)
        if cells > MAX_CELLS:
            raise TooComplex


def _tables(text: str) -> Iterator[tuple[int, str]]:
    """The number of columns of what looks like a table, and the lines that may be its rows."""
    for rule in _TABLE_RULE.finditer(text):
        if "|" in rule[0] and "-" in rule[0]:
            end = text.find("\n\n", rule.end())
            yield len(_cells(rule[0])), text[rule.end() + 1 : end if end >= 0 else len(text)]


def _cells(row: str) -> list[str]:
    return row.replace("\\|", "/").strip().strip("|").split("|")


def _refuse_lost_cells(text: str, html: str) -> None:
    """Markdown drops the cells of a row that its head has no column for."""
    extra = [
        cell.strip()
        for columns, body in _tables(text)
        for row in body.split("\n")
        for cell in _cells(row)[columns:]
    ]
    words = set(_WORD.findall(html)) if extra else set()
    for cell in extra:
        if not words.issuperset(_WORD.findall(cell)):
            raise WrongValue(
                f"a row of a table has more cells than its head, which would lose {cell[:40]!r}: "
                "give both as many cells"
            )


def _without_text_marks(text: str, tags: list[Tag]) -> str:
    """Hides from Markdown each `<` that begins neither a tag nor an address, and each single `~`:
    two of them strike a text out, one is an "about"."""
    starts = {tag.start for tag in tags if tag.name != "!" and tag.name not in htmltree.SILENT}

    def kept(match: re.Match[str]) -> str:
        if match[0] == "~":
            return _TILDE
        return _LESS if match[0] == "<" and match.start() not in starts else match[0]

    return _MAY_BE_MARKUP.sub(kept, re.sub(f"[{_STAND_INS}]", "\ufffd", text))


def _without_lost_references(text: str) -> str:
    """`[label]: address` is dropped by Markdown; it stays a text where no link uses it."""
    if "]:" not in text:
        return text
    labels = Counter(map(str.casefold, re.findall(_LABEL, text)))
    labels.subtract(match[2].casefold() for match in _DEFINITION.finditer(text))

    def kept(match: re.Match[str]) -> str:
        return match[0] if labels[match[2].casefold()] > 0 else f"{match[1]}{_BRACKET}{match[2]}]:"

    return _DEFINITION.sub(kept, text)


def _stripped(run: list[Node]) -> list[Node]:
    first, last = run[0], run[-1]
    if isinstance(first, str):
        run[0] = first.lstrip()
    if isinstance(last, str):
        run[-1] = last.rstrip() if len(run) > 1 else last.strip()
    return run


def _safe(nodes: list[Node]) -> list[Node]:
    """Without the tags that are not stored; an address that is not stored becomes text."""
    out: list[Node] = []
    for node in nodes:
        if isinstance(node, str):
            out.append(node)
            continue
        node.children = _safe(node.children)
        address = node.attributes.get("href") or node.attributes.get("src", "")
        if node.tag in htmltree.GROUPS and not node.holds_blocks:
            out.append(Element("div", node.attributes, node.children))
        elif node.tag not in _TAGS:
            out += node.children
        elif _is_stored(address):
            out.append(node)
        else:
            mark = "![" + node.attributes.get("alt", "") if node.tag == "img" else "["
            out += [mark, *node.children, f"]({address})"]
    return out


def _is_stored(address: str) -> bool:
    scheme = _SCHEME.match(address)
    return scheme is None or scheme[1].lower() in nh3.ALLOWED_URL_SCHEMES


def looks_like_html(text: str) -> bool:
    """Whether a text of unknown kind begins and ends as HTML that Infinity stores."""
    return _HTML.match(text) is not None and text.rstrip().endswith(">")


class Reading(NamedTuple):
    """An HTML text as Markdown, and what it loses when that is written back, in words."""

    text: str
    losses: frozenset[str]


def read(html: str) -> Reading:
    """HTML as Markdown that `to_html` makes the same HTML of. Raises TooComplex."""
    if len(html) > MAX_CHARACTERS:
        raise TooComplex
    tags = htmltree.find_tags(html)
    nodes = htmltree.build(html, tags) if tags else htmltree.parse(paragraphs(unescape(html)))
    return Reading(_markdown(simplified(_safe(nodes))), frozenset(_losses(tags)))


def _markdown(blocks: list[Element]) -> str:
    texts = written(blocks)
    if _says(text := _joined(blocks, texts), blocks):
        return text
    for number, (block, written_block) in enumerate(zip(blocks, texts, strict=True)):
        if written_block is not None and not _says(written_block, [block]):
            texts[number] = None
    if _says(text := _joined(blocks, texts), blocks):
        return text
    return "\n".join(map(one_line, blocks))


def _losses(tags: list[Tag]) -> Iterator[str]:
    """What is neither read nor stored."""
    for tag in tags:
        if tag.name in htmltree.EMBEDDED:
            yield "embedded media"
        if "=" not in tag.attributes:
            continue
        if loses_styles(tag.attributes):
            yield "some styles"
        kept = kept_attributes(tag.name, tag.attributes)
        if not all(_is_stored(value) for name, value in kept if name in ("href", "src")):
            yield "addresses of unusual kinds"


def _joined(blocks: list[Element], texts: list[str | None]) -> str:
    pairs = zip(blocks, texts, strict=True)
    return "\n\n".join(one_line(block) if text is None else text for block, text in pairs)


def _says(text: str, blocks: list[Element]) -> bool:
    """Whether `to_html` would make the same blocks of a text."""
    try:
        return canonical(simplified(_converted(text, definitions=True)[1])) == canonical(blocks)
    except (TooComplex, WrongValue):
        return False


def paragraphs(text: str) -> str:
    """Plain text as HTML: escaped, one paragraph a line, indented as it is. Raises WrongValue."""
    _refuse_long(text)
    lines = (line.rstrip() for line in text.splitlines())
    return "".join(f"<p>{_plain(line)}</p>" for line in lines if line)


def _plain(line: str) -> str:
    """HTML shows one blank for many: all but single ones between words become no-break spaces."""
    blanks = re.compile(r"^ +| {2,}")
    return escape(blanks.sub(lambda run: "\u00a0" * len(run[0]), line.expandtabs(4)))
