"""Files that agents send as base64."""

from __future__ import annotations

import binascii
import mimetypes
import re
from urllib.parse import unquote

from pydantic import MISSING

from mcpserver.infinity import UploadedFile
from mcpserver.names import visible
from mcpserver.params import WrongValue

LONGEST_PREFIX = 300  # characters

_DATA_URL = re.compile(
    r"(?:data:([\w.+-]+/[\w.+-]+)?(?:;(?:[^;,\"]|\"[^\"]*\")*)*?;)?base64,", re.A | re.I
)
_AROUND = " \t\r\n\f\v\"'`\u201c\u201d"
_WHITE_SPACE = b" \t\r\n\f\v"
_URL_SAFE = bytes.maketrans(b"-_", b"+/")


def decoded_file(name: str, content_base64: str, content_type: str | MISSING) -> UploadedFile:
    """The file to send. Raises WrongValue for anything but base64, and for no content at all.

    White space, the letters of URLs, quotes around it and a missing `=` at the end are common in
    base64; a `data:` URL says its own content type.
    """
    declared = ""
    content_base64 = _ascii(content_base64).strip(_AROUND)
    if match := _DATA_URL.match(content_base64[:LONGEST_PREFIX]):
        declared = match[1] or ""
        content_base64 = content_base64[match.end() :]
    content = _decoded(content_base64)
    if not content:
        raise WrongValue("content_base64 is empty. Nothing was uploaded.")
    guessed = declared or mimetypes.guess_type(name)[0] or "application/octet-stream"
    return UploadedFile(name, guessed if content_type is MISSING else content_type, content)


def _ascii(text: str) -> str:
    """Without the blanks and invisible characters that come with a copied text."""
    return text if text.isascii() else "".join(visible(text).split())


def _decoded(text: str) -> bytes:
    try:
        if "%" in text:  # as in a URL
            text = unquote(text)
        text = _ascii(text).strip(_AROUND)
        content = text.encode("ascii").translate(_URL_SAFE, _WHITE_SPACE).rstrip(b"=")
        return binascii.a2b_base64(content + b"=" * (-len(content) % 4), strict_mode=True)
    except ValueError:  # binascii.Error is one; so is what is not ASCII
        raise WrongValue(
            "content_base64 is not valid base64: it is cut, or has characters that are not of "
            "base64. Nothing was uploaded. Encode the whole file again; for a large file use "
            "infinity_upload_attachment_from_url."
        ) from None
