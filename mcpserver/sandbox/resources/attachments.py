"""Implements the operations on attachments."""

from __future__ import annotations

import base64
import hashlib
import hmac
from urllib.parse import quote, urlencode, urlsplit

from starlette.datastructures import UploadFile
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from mcpserver.sandbox.call import Call
from mcpserver.sandbox.data.models import Attachment, Json
from mcpserver.sandbox.errors import ApiError, NotFound
from mcpserver.sandbox.rules.validation import REQUIRED, Field, invalid, web_url
from mcpserver.sandbox.state import Sandbox

DOWNLOAD_PATH = "/api/attachments/get"
DOWNLOAD_ROUTE = "attachment-download"


async def create_from_file(call: Call) -> Response:
    workspace = call.workspace()
    name, content = await _uploaded(call.request, call.options.max_upload_bytes)
    return call.created(render(call, _store(call, workspace.id, name, content)))


async def create_from_url(call: Call) -> Response:
    workspace = call.workspace()
    given = await call.fields({"url": Field(web_url, required=True)})
    name = urlsplit(given["url"]).path.rpartition("/")[2] or "download"
    # The sandbox makes no requests; the file says so instead of the original content.
    note = f"The sandbox downloads nothing. Asked for: {given['url']}\n"
    return call.created(render(call, _store(call, workspace.id, name, note.encode())))


def render(call: Call, attachment: Attachment) -> Json:
    return {
        "id": attachment.id,
        "object": "attachment",
        "link": _signed_link(call, attachment),
        "original_name": attachment.original_name,
        "filesize": len(attachment.content),
        "created_at": call.moment(attachment.created_at),
        "deleted": attachment.deleted,
    }


def download(sandbox: Sandbox, request: Request) -> Response:
    """The bytes behind a signed link. Needs no token; raises ApiError 403 or NotFound."""
    key = request.query_params.get("access_key", "")
    signature = request.query_params.get("signature", "")
    if not hmac.compare_digest(_signature(sandbox, key).encode(), signature.encode()):
        raise ApiError(403, "Invalid signature.")
    attachment_id, expires = base64.urlsafe_b64decode(key).decode().split(".")
    if int(expires) <= sandbox.clock():
        raise ApiError(403, "Invalid signature.")
    attachment = sandbox.store.attachments.get(int(attachment_id))
    if attachment is None:
        raise NotFound("Attachment")
    disposition = f"attachment; filename*=UTF-8''{quote(attachment.original_name, safe='')}"
    return Response(
        attachment.content,
        media_type="application/octet-stream",
        headers={"Content-Disposition": disposition},
    )


def _store(call: Call, workspace_id: int, name: str, content: bytes) -> Attachment:
    number = call.sandbox.ids.number()
    return call.store.attachments.add(
        Attachment(number, workspace_id, name, content, call.sandbox.now())
    )


async def _uploaded(request: Request, limit: int) -> tuple[str, bytes]:
    """Name and bytes of the part named `file`. Raises ApiError 400 or 413, or Invalid."""
    length = request.headers.get("Content-Length", "")
    # With an allowance for the headers and boundaries of the parts.
    if length.isdecimal() and int(length) > limit + 16_384:
        raise ApiError(413, "The upload is too large.")
    try:
        async with request.form() as form:
            part = form.get("file")
            if part is None:
                raise invalid(("file", REQUIRED))
            if not isinstance(part, UploadFile):
                raise invalid(("file", "The {field} field must be a file."))
            content = await part.read(limit + 1)
    except HTTPException:
        raise ApiError(400, "The multipart body cannot be read.") from None
    if len(content) > limit:
        raise ApiError(413, "The upload is too large.")
    return part.filename or "file", content


def _signed_link(call: Call, attachment: Attachment) -> str:
    expires = int(call.sandbox.clock()) + call.options.attachment_link_seconds
    key = base64.urlsafe_b64encode(f"{attachment.id}.{expires}".encode()).decode()
    query = urlencode({"access_key": key, "signature": _signature(call.sandbox, key)})
    return f"{call.request.url_for(DOWNLOAD_ROUTE)}?{query}"


def _signature(sandbox: Sandbox, key: str) -> str:
    return hmac.new(sandbox.signing_key, key.encode(), hashlib.sha256).hexdigest()
