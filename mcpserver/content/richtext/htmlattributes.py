"""Parses the attributes of an HTML tag, and decides which of them are stored."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache
from html import escape, unescape
from html.entities import html5

import nh3

# `rows={x}` is JSX; `@click="x"`, `:rows="x"`, `*if="x"`, `[rows]="x"` and such are templates.
_VALUE = r"""(?:"[^"]*+"|'[^']*+'|[^\s"'=<>`{][^\s"'<>`]*+)"""
_NAME = r"""[^\s<>"'=/@:#*(\[{][^\s<>"'=/]*+"""
_FLAG = r"[a-zA-Z][\w:.-]*+(?=[\s/>])"  # an attribute without a value
_ATTRIBUTE = rf"""(?:\s++|(?<=["']))(?:{_NAME}\s*+=\s*+{_VALUE}|{_FLAG})"""
WRITTEN_ATTRIBUTES = rf"(?:{_ATTRIBUTE}){{0,500}}+"
# fmt: off
_FLAGS = frozenset((
    "allowfullscreen", "async", "autofocus", "autoplay", "checked", "compact", "contenteditable",
    "controls", "default", "defer", "disabled", "download", "hidden", "inert", "itemscope", "loop",
    "multiple", "muted", "nohref", "noshade", "novalidate", "nowrap", "open", "playsinline",
    "readonly", "required", "reversed", "selected",
))
# Other attributes of HTML, past and present, that are not stored.
_NAMES = _FLAGS | frozenset((
    "abbr", "accept", "accesskey", "action", "alink", "axis", "background", "bgcolor", "border",
    "bordercolor", "cellpadding", "cellspacing", "char", "charset", "cite", "clear", "cols",
    "coords", "for", "form", "frame", "frameborder", "headers", "height", "href", "hreflang",
    "hspace", "id", "itemid", "itemprop", "itemtype", "link", "max", "maxlength", "method", "min",
    "minlength", "name", "pattern", "placeholder", "poster", "rows", "rules", "scope", "shape",
    "span", "src", "start", "step", "summary", "text", "type", "usemap", "value", "vlink", "vspace",
    "width", "wrap",
))
# fmt: on
_FONT = frozenset(("color", "face", "size"))
_OPEN_REFERENCE = re.compile(r"&([a-zA-Z][a-zA-Z0-9]*+)(?!;)(=?)")
_ONE_ATTRIBUTE = re.compile(rf"""([^\s<>"'=/]+)(?:\s*=\s*({_VALUE}))?""")

# Addresses that are stored without a check by nh3: with a host name, or within a site.
_PLAIN_ADDRESS = re.compile(
    r"(?i)https?://(?:[a-z\d]++[.-])*+[a-z]++(?:[/?#].*)?|(?:mailto|tel):(?!/).*|[^:]*", re.DOTALL
)
_QUILL = re.compile(r"\bql-(?!syntax)")  # classes of Quill, an editor: indents, alignment, sizes
_LOST = {"style": "some styles", "class": "some classes"}
_MEANINGLESS = re.compile(
    "target|rel|referrerpolicy|crossorigin|loading|decoding|srcset|sizes|role|tabindex|nonce|slot|"
    "contenteditable|spellcheck|draggable|translate|autofocus|aria-.*|xmlns.*|on[a-z]+"
)
_HANDLER = re.compile("on[a-z]+")
_MAX_NAME = 20
_ATTRIBUTE_LOST = "the attribute "
_STYLE = re.compile(r"[\w#%., -]+|(?:rgb|hsl)a?\([\d%., /]+\)")
STYLES = frozenset(("color", "background-color", "font-size", "text-align", "text-decoration"))
ATTRIBUTES: dict[str, set[str]] = {
    "*": {"align", "class", "dir", "lang", "style", "title"},
    "a": {"href"},
    "img": {"src", "alt", "width", "height"},
    "ol": {"reversed", "start", "type"},
    "li": {"value"},
    "td": {"colspan", "rowspan", "valign", "width"},
    "th": {"colspan", "rowspan", "valign", "width"},
    "input": {"checked", "disabled", "type"},
    "details": {"open"},
    "time": {"datetime"},
}


@lru_cache(maxsize=256)
def kept_attributes(tag: str, source: str) -> tuple[tuple[str, str], ...]:
    """The attributes of a tag that are stored. `source` is the text after the tag's name."""
    kept = {}
    for name, value in _given(source):
        if (allowed := _allowed(tag, name, _read(value))) is not None:
            kept[name] = allowed
    # comrak writes the attributes of a code block in any order.
    return tuple(sorted(kept.items()) if tag == "code" else kept.items())


def _given(source: str) -> Iterator[tuple[str, str]]:
    """The names and values of attributes, as they are written."""
    for name, value in _ONE_ATTRIBUTE.findall(source) if source else ():
        yield name.lower(), value


def _read(written: str) -> str:
    """A value without quotes, with its references decoded."""
    value = written[1:-1] if written[:1] in ('"', "'") else written
    # Before `=` or letters, a reference needs its `;`: `?id=1&region=eu` has no `&reg`.
    return decoded(_OPEN_REFERENCE.sub(_kept_reference, value))


def is_stored_address(address: str) -> bool:
    """Whether nh3 keeps an address."""
    return _PLAIN_ADDRESS.fullmatch(address) is not None or _is_kept_by_nh3(address)


@lru_cache(maxsize=64)
def _is_kept_by_nh3(address: str) -> bool:
    """Asks nh3, which drops `javascript:` and invalid addresses such as `http://HOST:PORT`."""
    return "href" in nh3.clean(f'<a href="{escape(address)}"></a>', attributes={"a": {"href"}})


def has_words(source: str) -> bool:
    """Whether attributes without a value may be words, as in `<b and c>`: HTML has none such."""
    if not source:
        return False
    flags = (name.lower() for name, value in _ONE_ATTRIBUTE.findall(source) if not value)
    return any(flag not in _FLAGS and "-" not in flag for flag in flags)


@lru_cache(maxsize=256)
def is_jsx(name: str, source: str) -> bool:
    """Whether a tag is JSX: its name or an attribute is in mixed case, and an attribute is not
    HTML's (`<Article kind="a">`, `<p className="a">`)."""
    written = [name for name, _ in _ONE_ATTRIBUTE.findall(source)]
    if is_mixed(name):
        return not all(_is_known(name.lower(), each) for each in written)
    return any(is_mixed(each) and not _is_known(name.lower(), each.lower()) for each in written)


def is_mixed(name: str) -> bool:
    """Whether a name mixes small letters with capitals."""
    return name not in (name.lower(), name.upper())


def _is_known(tag: str, written: str) -> bool:
    name = written.lower()
    if name.startswith("data-") or name in ATTRIBUTES["*"] or name in ATTRIBUTES.get(tag, ()):
        return True
    # `onClick` alone does not make a tag JSX.
    return (
        name in _NAMES or (name in _FONT and tag == "font") or bool(_MEANINGLESS.fullmatch(written))
    )


def decoded(source: str) -> str:
    """HTML with references decoded, and with line feeds as line ends."""
    return unescape(source).replace("\r\n", "\n").replace("\r", "\n")


def _kept_reference(match: re.Match[str]) -> str:
    is_one = match[1] in html5 and not match[2]
    return match[0] if is_one else f"&amp;{match[1]}{match[2]}"


def _allowed(tag: str, name: str, value: str) -> str | None:
    """The value to store for an attribute; None for one that is dropped."""
    if name == "style":
        return ";".join(f"{k}:{v}" for k, v in _styles(value) if _is_kept(k, v)) or None
    if name == "class":
        is_code = tag == "code" and value.startswith("language-")
        return value if is_code or "mention" in value or _QUILL.search(value) else None
    if name in ATTRIBUTES["*"] or name.startswith("data-"):
        return value
    if tag == "input" and name == "type":
        return value if value.lower() == "checkbox" else None
    return value if name in ATTRIBUTES.get(tag, ()) else None


def _styles(value: str) -> Iterator[tuple[str, str]]:
    for entry in value.lower().split(";"):
        name, _, said = entry.partition(":")
        if name := name.strip():
            yield name, said.strip()


def _is_kept(style: str, value: str) -> bool:
    return style in STYLES and _STYLE.fullmatch(value) is not None


@lru_cache(maxsize=256)
def lost_attributes(tag: str, source: str, *, is_stored: bool) -> frozenset[str]:
    """The losses from attributes of a tag, in words; with a tag that is not stored, all of them."""
    lost = set()
    for name, value in _given(source):
        if not (is_stored and _is_whole(tag, name, value)):
            lost.add(_in_words(name))
        elif name in ("href", "src") and not is_stored_address(_read(value)):
            lost.add("addresses of unusual kinds")
    return frozenset(lost - {""})


@lru_cache(maxsize=256)
def _in_words(name: str) -> str:
    """The loss of an attribute in words, or "" for one without meaning."""
    if _HANDLER.fullmatch(name):
        return "event handlers"
    if _MEANINGLESS.fullmatch(name):
        return ""
    return _LOST.get(name, f"{_ATTRIBUTE_LOST}{name[:_MAX_NAME]}")


def in_own_words(loss: str) -> str:
    """A loss without a name that is a stranger's: only attributes of HTML stay named."""
    name = loss.removeprefix(_ATTRIBUTE_LOST)
    return loss if name == loss or name in _NAMES | _FONT else "attributes unknown to HTML"


def _is_whole(tag: str, name: str, value: str) -> bool:
    if name in ("class", "style", "type"):  # for others, the name decides
        value = _read(value)
    if name == "style":
        return all(_is_kept(*style) for style in _styles(value))
    is_empty = name == "class" and not value.strip()
    return is_empty or _allowed(tag, name, value) is not None
