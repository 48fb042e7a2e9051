"""Decodes files that agents send as base64."""

from __future__ import annotations

import binascii
import mimetypes
import re
from urllib.parse import unquote

from pydantic import MISSING

from mcpserver.content.blank import visible
from mcpserver.content.errors import WrongValue
from mcpserver.infinity import File

MAX_PREFIX_LENGTH = 300  # characters

_DATA_URL = re.compile(
    r"(?:data:([\w.+-]+/[\w.+-]+)?(?:;(?:[^;,\"]|\"[^\"]*\")*)*?;)?base64,", re.A | re.I
)
_AROUND = " \t\r\n\f\v\"'`\u201c\u201d"
_WHITE_SPACE = b" \t\r\n\f\v"
_URL_SAFE = bytes.maketrans(b"-_", b"+/")


def decoded_file(name: str, content_base64: str, content_type: str | MISSING) -> File:
    """Decode a file. Raises WrongValue for invalid base64 and for empty content.

    White space, the URL-safe alphabet, quotes around it and missing `=` at the end are accepted. A
    `data:` URL has its own content type.
    """
    declared = ""
    content_base64 = _ascii(content_base64).strip(_AROUND)
    if match := _DATA_URL.match(content_base64[:MAX_PREFIX_LENGTH]):
        declared = match[1] or ""
        content_base64 = content_base64[match.end() :]
    content = _decoded(content_base64)
    if not content:
        raise WrongValue("content_base64 is empty. Nothing was uploaded.")
    guessed = declared or mimetypes.guess_type(name)[0] or "application/octet-stream"
    return name, content, guessed if content_type is MISSING else content_type


def _ascii(text: str) -> str:
    """The text without blanks and invisible characters, which copied text may have."""
    return text if text.isascii() else "".join(visible(text).split())


def _decoded(text: str) -> bytes:
    try:
        if "%" in text:  # as in a URL
            text = unquote(text)
        text = _ascii(text).strip(_AROUND)
        content = text.encode("ascii").translate(_URL_SAFE, _WHITE_SPACE).rstrip(b"=")
        return binascii.a2b_base64(content + b"=" * (-len(content) % 4), strict_mode=True)
    except ValueError:  # also binascii.Error, and UnicodeEncodeError for other than ASCII
        raise WrongValue(
            "content_base64 is not valid base64: it is cut off, or has other characters. Nothing "
            "was uploaded. Encode the whole file again; for a large file use "
            "infinity_upload_attachment_from_url."
        ) from None
