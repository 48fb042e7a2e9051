"""Normalizes an HTML tree, so that trees with the same meaning become equal.

`b` becomes `strong`, text without `p` a paragraph, white space one blank; empty paragraphs and
elements that only group others are dropped.
"""

from __future__ import annotations

import re

from mcpserver.content.richtext.htmlelements import GROUPS, NO_MEANING
from mcpserver.content.richtext.htmltree import Element, Node, serialize

_SAME = {"b": "strong", "i": "em", "s": "del", "strike": "del"}
_SPACE = re.compile(r"[ \t\n\r\f]+")
_BREAKS = re.compile(r"[\t\n\r\f]")


def simplified(nodes: list[Node]) -> list[Element]:
    """The normalized blocks of a tree; `html_of` returns what a block was made of."""
    blocks: list[Element] = []
    run: list[Node] = []
    for node in nodes:
        if isinstance(node, Element) and node.is_block:
            blocks += [*_paragraph(run), *_block(node)]
            run = []
        else:
            run.append(node)
    return blocks + _paragraph(run)


def html_of(block: Element) -> str:
    """The HTML from which a block was made."""
    return serialize([block] if block.source is None else block.source)


def canonical(blocks: list[Element]) -> str:
    """A text that is the same for blocks with the same meaning."""
    return serialize([*blocks])


def _paragraph(run: list[Node]) -> list[Element]:
    children = _inline(run)
    return [Element("p", {}, children, source=[Element("p", {}, run)])] if children else []


def _block(node: Element) -> list[Element]:
    attributes = _attributes(node)
    if node.tag in GROUPS and not attributes:
        return simplified(node.children)
    if re.fullmatch("p|h[1-6]", node.tag) and not node.holds_blocks:
        children = _inline(node.children)
        return [Element(node.tag, attributes, children, source=[node])] if children else []
    if node.tag == "pre":
        return [Element("pre", attributes, [_code(node)], source=[node])]
    if node.tag in ("ul", "ol"):
        children = [*_items(node)]
    elif node.tag == "table":
        children = [*_rows(node.children)]
    else:
        children = [*simplified(node.children)]
    return [Element(node.tag, attributes, children, True, source=[node])]


def _attributes(node: Element) -> dict[str, str]:
    kept = {k: v for k, v in node.attributes.items() if k not in ("lang", "disabled")}
    if node.tag in ("td", "th"):
        kept = {k: v for k, v in kept.items() if not (k in ("colspan", "rowspan") and v == "1")}
        if match := re.fullmatch("text-align:(left|right|center)", kept.get("style", "")):
            del kept["style"]
            kept.setdefault("align", match[1])
    if node.tag == "ol" and kept.get("start") == "1":
        del kept["start"]
    if node.tag == "input":
        kept = {"checked": ""} if "checked" in kept else {}
    return dict(sorted(kept.items()))


def _items(parent: Element) -> list[Element]:
    items: list[Element] = []
    for node in parent.children:
        if isinstance(node, Element) and node.tag == "li":
            children: list[Node] = [*_task(simplified(node.children))]
            items.append(Element("li", _attributes(node), children, True))
        elif isinstance(node, Element) and node.tag in ("ul", "ol") and items:
            items[-1].children += _block(node)  # invalid, but some editors write it
        else:
            items += [Element("li", {}, [block], True) for block in simplified([node])]
    return items


def _task(blocks: list[Element]) -> list[Element]:
    """The blocks of a task, with a checkbox before the first paragraph moved into it."""
    first, second = [*blocks, None, None][:2]
    if first is None or second is None or second.tag != "p" or second.attributes:
        return blocks
    if [node.tag if isinstance(node, Element) else "" for node in first.children] != ["input"]:
        return blocks
    return [Element("p", {}, [*first.children, *second.children]), *blocks[2:]]


def _rows(nodes: list[Node]) -> list[Element]:
    rows: list[Element] = []
    for node in nodes:
        if isinstance(node, str):
            rows += _paragraph([node])
        elif node.tag in ("thead", "tbody", "tfoot") and not _attributes(node):
            rows += _rows(node.children)
        elif node.tag == "tr":
            cells = [_cell(cell) for cell in node.children if isinstance(cell, Element)]
            rows.append(Element("tr", _attributes(node), [*cells], True))
        elif node.tag != "colgroup":
            rows += simplified([node])
    return rows


def _cell(cell: Element) -> Element:
    blocks = simplified(cell.children)
    alone = len(blocks) == 1 and blocks[0].tag == "p" and not blocks[0].attributes
    children: list[Node] = blocks[0].children if alone else [*blocks]
    return Element(cell.tag, _attributes(cell), children, bool(blocks) and not alone)


def _code(pre: Element) -> Element:
    inner = [node for node in pre.children if node != ""]
    code = inner[0] if len(inner) == 1 and isinstance(inner[0], Element) else Element("")
    is_code = code.tag == "code"
    parts = _code_parts(code.children if is_code else inner)
    if not is_code and parts and isinstance(parts[0], str):
        parts[0] = parts[0].removeprefix("\n")  # which HTML ignores there
    if parts and isinstance(parts[-1], str):
        parts[-1] = parts[-1].removesuffix("\n")
    language = code.attributes if is_code else {}
    kept = {k: v for k, v in language.items() if k in ("class", "data-meta")}
    return Element("code", kept, [part for part in parts if part != ""])


def _code_parts(nodes: list[Node]) -> list[Node]:
    parts: list[Node] = []
    for node in nodes:
        if isinstance(node, str):
            parts.append(node)
        elif node.tag == "br":
            parts.append("\n")
        elif node.tag in NO_MEANING and not _attributes(node):
            parts += _code_parts(node.children)
        else:
            parts.append(node)
    return parts


def _inline(nodes: list[Node]) -> list[Node]:
    """Normalized inline nodes, without white space at both ends and around line breaks."""
    out: list[Node] = []
    for node in _pieces(nodes):
        _append(out, node)
    while out and _is_end(out[0]):
        out.pop(0)
    while out and _is_end(out[-1]):
        out.pop()
    if out and isinstance(out[0], str):
        out[0] = out[0].lstrip(" ")
    if out and isinstance(out[-1], str):
        out[-1] = out[-1].rstrip(" ")
    return [node for node in out if node != ""]


def _is_end(node: Node) -> bool:
    return node == " " if isinstance(node, str) else node.tag == "br"


def _append(out: list[Node], node: Node) -> None:
    last = out[-1] if out else None
    after_break = isinstance(last, Element) and last.tag in ("br", "input")
    if isinstance(node, str):
        if after_break or (isinstance(last, str) and last.endswith(" ")):
            node = node.lstrip(" ")
        if isinstance(last, str):
            out[-1] = last + node
        elif node:
            out.append(node)
        return
    if node.tag == "br" and isinstance(last, str):
        out[-1] = last.rstrip(" ")
        if not out[-1]:
            out.pop()
    out.append(node)


def _pieces(nodes: list[Node]) -> list[Node]:
    """Texts and elements, with blanks at the ends of an element moved out of it."""
    pieces: list[Node] = []
    for node in nodes:
        if isinstance(node, str):
            pieces.append(_SPACE.sub(" ", node))
            continue
        tag, attributes = _SAME.get(node.tag, node.tag), _attributes(node)
        if tag in ("br", "img", "input", "wbr"):
            pieces.append(Element(tag, attributes))
        elif tag in NO_MEANING and not attributes:
            pieces += _pieces(node.children)
        elif tag == "code" and node.children and all(isinstance(c, str) for c in node.children):
            text = "".join(str(child) for child in node.children)
            pieces.append(Element(tag, attributes, [_BREAKS.sub(" ", text)]))
        else:
            pieces += _outside(tag, attributes, node)
    return pieces


def _outside(tag: str, attributes: dict[str, str], node: Element) -> list[Node]:
    children: list[Node] = []
    for piece in _pieces(node.children):
        _append(children, piece)
    if tag == "code":
        return [Element(tag, attributes, children)] if children else []
    before: list[Node] = []
    after: list[Node] = []
    if children and isinstance(children[0], str) and children[0].startswith(" "):
        before, children[0] = [" "], children[0].lstrip(" ")
    if children and isinstance(children[-1], str) and children[-1].endswith(" "):
        after, children[-1] = [" "], children[-1].rstrip(" ")
    children = [child for child in children if child != ""]
    if not children and not attributes:
        return [*before, *after]
    return [*before, _nested(Element(tag, attributes, children)), *after]


def _nested(element: Element) -> Element:
    """Italic around bold, also for bold around italic, which means the same."""
    inner = element.children[0] if len(element.children) == 1 else ""
    if element.tag != "strong" or element.attributes or isinstance(inner, str):
        return element
    if inner.tag != "em" or inner.attributes:
        return element
    return Element("em", {}, [Element("strong", {}, inner.children)])
