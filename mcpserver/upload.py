"""Files that agents send as base64."""

from __future__ import annotations

import binascii
import mimetypes

from pydantic import MISSING

from mcpserver.infinity import UploadedFile
from mcpserver.params import WrongValue


def decoded_file(name: str, content_base64: str, content_type: str | MISSING) -> UploadedFile:
    """The file to send. Raises WrongValue for anything but base64, and for no content at all."""
    try:
        # Line breaks are common in base64 and harmless; anything else foreign is refused. Without
        # any, replace() makes no copy of the text.
        content = binascii.a2b_base64(
            content_base64.replace("\n", "").replace("\r", ""), strict_mode=True
        )
    except ValueError as error:  # binascii.Error is one; so is what is not ASCII
        raise WrongValue(
            f"content_base64 is not valid base64 ({error}). Nothing was uploaded. Encode the whole "
            "file again; for a large file use infinity_upload_attachment_from_url."
        ) from None
    if not content:
        raise WrongValue("content_base64 is empty. Nothing was uploaded.")
    guessed = mimetypes.guess_type(name)[0] or "application/octet-stream"
    return UploadedFile(name, guessed if content_type is MISSING else content_type, content)
