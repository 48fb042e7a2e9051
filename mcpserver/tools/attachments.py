"""Defines the tools for attachments."""

from __future__ import annotations

from pydantic import MISSING

from mcpserver.content.uploads import decoded_file
from mcpserver.gateway.clients import InfinityApi
from mcpserver.infinity import JsonObject
from mcpserver.tools._params import Base64, ContentType, FileName, Url, WorkspaceId
from mcpserver.tools._registry import write_tool


@write_tool()
async def infinity_upload_attachment_from_url(
    api: InfinityApi, workspace_id: WorkspaceId, url: Url
) -> JsonObject:
    """Have Infinity fetch a file from a URL. Then put its id into an item's attachments."""
    return await api.post("workspaces/{ws}/attachments/url", {"url": url}, ws=workspace_id)


@write_tool()
async def infinity_upload_attachment_from_base64(
    api: InfinityApi,
    workspace_id: WorkspaceId,
    file_name: FileName,
    content_base64: Base64,
    content_type: ContentType | MISSING = MISSING,
) -> JsonObject:
    """Upload a small file; for larger ones use the URL tool. Then put its id into an item's
    attachments."""
    file = decoded_file(file_name, content_base64, content_type)
    return await api.upload("workspaces/{ws}/attachments/file", file, ws=workspace_id)
