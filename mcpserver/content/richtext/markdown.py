"""Writes HTML as Markdown. What Markdown cannot express stays HTML within it."""

from __future__ import annotations

import re
from itertools import pairwise

from mcpserver.content.richtext.htmlelements import CUSTOM, KNOWN, VOID
from mcpserver.content.richtext.htmltree import Element, Node, serialize, start_tag
from mcpserver.content.richtext.simplified import html_of

MAX_LISTS = 8  # levels of lists and quotes; deeper ones stay HTML

_MARKS = {"strong": "**", "em": "*", "del": "~~"}
_DELIMITERS = "*_~"
_TAG_START = (
    rf"/?(?:{'|'.join(sorted(KNOWN))})\b|/?{CUSTOM}|[a-zA-Z][\w:+.-]*+(?:\s+[\w:-]+\s*=|:|@)|[!?]"
)
_SPECIAL = re.compile(
    rf"""
      [*`]
    | \\(?=[!-/:-@\[-`{{-~]|$)
    | (?<![^\W_])_ | _(?![^\W_])
    | ~(?=~) | (?<=~)~
    | <(?={_TAG_START})
    | &(?=\#?\w{{1,32}};)
    | \[(?![^\[\]()]*+\](?![(:\[]))
    """,
    re.VERBOSE,
)
_LINE_START = re.compile(
    r"""
      \d{1,9}(?=[.)](?:\s|$))
    | (?=\#{1,6}(?:\s|$) | > | [-+](?:\s|$) | [-=:|\s]+$ | ~~~ | \|)
    """,
    re.VERBOSE,
)


class _NotMarkdown(Exception):
    """A block that cannot be written as Markdown."""


def written(blocks: list[Element]) -> list[str | None]:
    """Each block as Markdown; None for one that stays HTML."""
    texts: list[str | None] = []
    for before, block in pairwise([Element(""), *blocks]):
        try:
            texts.append(_block(block, 0, other=before.tag == block.tag))
        except _NotMarkdown:
            texts.append(None)
    return texts


def one_line(block: Element) -> str:
    """A block as HTML without line breaks, which would end it within Markdown."""
    html = html_of(block)
    return html.replace("\n", "&#10;" if "<pre" in html else " ")


def _blocks(blocks: list[Element], depth: int, *, between: str = "\n\n") -> str:
    if depth > MAX_LISTS:
        raise _NotMarkdown
    return between.join(
        _block(block, depth, other=before.tag == block.tag)
        for before, block in pairwise([Element(""), *blocks])
    )


def _block(block: Element, depth: int, *, other: bool) -> str:
    """One block as Markdown. `other`: use another mark for a list, because one precedes it."""
    if block.attributes.keys() - {"start"}:
        raise _NotMarkdown
    match block.tag:
        case "p":
            return _paragraph(block.children)
        case "h1" | "h2" | "h3" | "h4" | "h5" | "h6":
            return f"{'#' * int(block.tag[1])} {_heading(block.children)}"
        case "hr":
            return "---"
        case "blockquote":
            inner = _blocks(_elements(block), depth + 1)
            return "\n".join(f"> {line}" if line else ">" for line in inner.split("\n"))
        case "ul" | "ol":
            return _list(block, depth, other=other)
        case "pre":
            return _fence(block)
        case "table":
            return _table(block)
    raise _NotMarkdown


def _elements(block: Element) -> list[Element]:
    return [child for child in block.children if isinstance(child, Element)]


def _list(block: Element, depth: int, *, other: bool) -> str:
    items = _elements(block)
    if any(item.attributes for item in items):
        raise _NotMarkdown
    between = "\n" if all(map(_is_tight, items)) else "\n\n"
    if block.tag == "ul":
        marks = ["*" if other else "-"] * len(items)
    else:
        start = block.attributes.get("start", "1")
        if not re.fullmatch("[0-9]{1,9}", start):
            raise _NotMarkdown
        first = int(start)
        marks = [f"{first + n}{')' if other else '.'}" for n in range(len(items))]
    return between.join(
        _item(mark, _blocks(_elements(item), depth + 1, between=between))
        for mark, item in zip(marks, items, strict=True)
    )


def _is_tight(item: Element) -> bool:
    """Whether an item is a text with lists that may follow it without a blank line."""
    first, *others = [*_elements(item), Element("")]
    simple = all(not each.attributes and each.tag in ("ul", "ol", "") for each in others)
    return first.tag in ("p", "") and simple


def _item(mark: str, inner: str) -> str:
    indent = "\n" + " " * (len(mark) + 1)
    inner = re.sub(r"\n(?=.)", indent, inner)
    return f"{mark} {inner}" if inner else mark


def _fence(block: Element) -> str:
    code = _elements(block)[0]
    text = "".join(child for child in code.children if isinstance(child, str))
    language = code.attributes.get("class", "").removeprefix("language-")
    info = f"{language} {code.attributes.get('data-meta', '')}".strip()
    if re.search(r"[`\\&\n]", info) or len(code.children) > 1 or "\r" in text:
        raise _NotMarkdown
    runs = re.findall("`{3,}", text)
    fence = "`" * max([3, *(len(run) + 1 for run in runs)])
    return f"{fence}{info}\n{text}\n{fence}" if text else f"{fence}{info}\n{fence}"


def _table(table: Element) -> str:
    rows = [_elements(row) for row in _elements(table)]
    if not rows or not rows[0] or len({len(row) for row in rows}) > 1:
        raise _NotMarkdown
    for number, row in enumerate(rows):
        wanted = "td" if number else "th"
        for cell, head in zip(row, rows[0], strict=True):
            same = cell.attributes.get("align") == head.attributes.get("align")
            if cell.tag != wanted or not same or cell.attributes.keys() - {"align"}:
                raise _NotMarkdown
    rules = {None: "---", "left": ":--", "right": "--:", "center": ":-:"}
    aligned = [rules.get(cell.attributes.get("align")) for cell in rows[0]]
    lines = [[_cell(cell) for cell in row] for row in rows]
    if None in aligned:
        raise _NotMarkdown
    lines.insert(1, [str(rule) for rule in aligned])
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def _cell(cell: Element) -> str:
    if any(isinstance(child, Element) and child.is_block for child in cell.children):
        raise _NotMarkdown
    return _inline(cell.children, break_="<br>").replace("|", "\\|")


def _heading(children: list[Node]) -> str:
    text = _inline(children, break_="<br>")
    bare = text.rstrip("#")
    return text if bare == text else f"{bare}\\{text[len(bare) :]}"


def _paragraph(children: list[Node]) -> str:
    box = ""
    if isinstance(children[0], Element) and children[0].tag == "input":
        box = "[x] " if "checked" in children[0].attributes else "[ ] "
        children = children[1:]
    lines = _inline(children, break_="\n").split("\n")
    return box + "\n".join(_started(line) for line in lines)


def _started(line: str) -> str:
    """A line of text, escaped so that it is not a heading, a list or a rule."""
    if re.match(r"\[[ xX]\] ", line):
        return f"\\{line}"
    start = _LINE_START.match(line)
    return f"{start[0]}\\{line[start.end() :]}" if start else line


def _inline(nodes: list[Node], *, break_: str, in_link: bool = False) -> str:
    out = ""
    for number, node in enumerate(nodes):
        following = nodes[number + 1] if number + 1 < len(nodes) else ""
        if isinstance(node, str):
            text = _escaped(node, in_link=in_link)
            if text.endswith("!") and isinstance(following, Element) and following.tag == "a":
                text = f"{text[:-1]}\\!"
            out += text
        elif node.tag == "br":
            out += break_
        else:
            out += _element(node, out, following, break_=break_, in_link=in_link)
    return out


def _element(node: Element, before: str, following: Node, *, break_: str, in_link: bool) -> str:
    if node.tag == "code" and not node.attributes:
        return _code(node)
    if node.tag == "img" and not node.attributes.keys() - {"src", "alt", "title"}:
        alt = _escaped(node.attributes.get("alt", ""), in_link=True)
        return f"![{alt}]({_target(node.attributes, 'src')})"
    if node.tag == "a" and not node.attributes.keys() - {"href", "title"}:
        return _link(node, break_)
    inside = "<br>" if break_ == "\n" else break_
    if node.tag in _MARKS and not node.attributes:
        inner = _inline(node.children, break_=inside, in_link=in_link)
        mark = _MARKS[node.tag]
        if node.tag == "em" and "*" in (inner[:1], inner[-1:]) and len(node.children) > 1:
            mark = "_"
        if _flanks(before, inner, following):
            return mark + inner + mark
        return f"<{node.tag}>{inner}</{node.tag}>"
    if node.tag in VOID:
        return start_tag(node)
    inner = _inline(node.children, break_=inside, in_link=in_link)
    return f"{start_tag(node)}{inner}</{node.tag}>"


def _flanks(before: str, inner: str, following: Node) -> bool:
    """Whether Markdown reads marks around `inner` as marks, given the characters beside them."""
    after = following[:1] if isinstance(following, str) else "" if following.tag == "br" else "*"
    left = before[-1:].isspace() or not before or inner[:1].isalnum()
    right = after.isspace() or not after or inner[-1:].isalnum()
    return left and right and before[-1:] not in [*_DELIMITERS] and after not in [*_DELIMITERS]


def _link(node: Element, break_: str) -> str:
    href = node.attributes.get("href")
    if href is None:
        return serialize([node])
    if node.children == [href] and re.fullmatch(r"(?:https?|mailto|ftp):[^\s<>\\&]+", href):
        return f"<{href}>"
    inner = _inline(node.children, break_=break_, in_link=True)
    return f"[{inner}]({_target(node.attributes, 'href')})"


def _target(attributes: dict[str, str], name: str) -> str:
    address = re.sub(r"[\\()<>`]|&(?=#?\w{1,32};)", r"\\\g<0>", attributes.get(name, ""))
    if not address or re.search(r"\s", address):
        address = f"<{address}>"
    if "title" not in attributes:
        return address
    title = re.sub(r'[\\"`*_<>\[\]&]', r"\\\g<0>", attributes["title"])
    return f'{address} "{title}"'


def _code(node: Element) -> str:
    if any(not isinstance(child, str) for child in node.children):
        return serialize([node])
    text = "".join(child for child in node.children if isinstance(child, str))
    if not text.strip():
        return serialize([node])
    mark = "`" * (max((len(run) for run in re.findall("`+", text)), default=0) + 1)
    spaced = (text[0] in "` " and text[-1] in "` ") or text[0] == "`" or text[-1] == "`"
    return f"{mark} {text} {mark}" if spaced else mark + text + mark


def _escaped(text: str, *, in_link: bool = False) -> str:
    text = _SPECIAL.sub(r"\\\g<0>", text)
    return re.sub(r"(?<!\\)[\[\]]", r"\\\g<0>", text) if in_link else text
