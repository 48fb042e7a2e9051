"""A client of the sandbox for tests: one person, one version, synchronous."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import httpx2
from starlette.applications import Starlette

from mcpserver.sandbox import ADA_TOKEN, Sandbox

CURRENT = "2026-04-20.morava"
MAIN_WORKSPACE = 31337
CAROLS_WORKSPACE = 31338
NOWHERE = "00000000-0000-4000-8000-000000000000"


@dataclass
class Api:
    app: Starlette
    token: str = ADA_TOKEN
    version: str | None = CURRENT

    def request(self, method: str, path: str, **options: Any) -> httpx2.Response:
        return asyncio.run(self._send(method, path, options))

    async def _send(self, method: str, path: str, options: dict[str, Any]) -> httpx2.Response:
        headers = {"Accept": "application/json", "Authorization": f"Bearer {self.token}"}
        if self.version is not None:
            headers["X-API-Version"] = self.version
        transport = httpx2.ASGITransport(app=self.app)
        async with httpx2.AsyncClient(
            transport=transport, base_url="http://sandbox/api/v2", headers=headers
        ) as client:
            return await client.request(method, path, **options)

    def get(self, path: str, **params: Any) -> httpx2.Response:
        # Empty parameters would replace the query that a link already has.
        return self.request("GET", path, params=params or None)

    def expanded(self, path: str, *relations: str) -> Any:
        return self.request("GET", path, params={"expand[]": list(relations)}).json()

    def post(self, path: str, body: Any) -> httpx2.Response:
        return self.request("POST", path, json=body)

    def put(self, path: str, body: Any) -> httpx2.Response:
        return self.request("PUT", path, json=body)

    def delete(self, path: str) -> httpx2.Response:
        return self.request("DELETE", path)

    def rows(self, path: str) -> list[dict[str, Any]]:
        rows: list[dict[str, Any]] = self.get(path, limit=100).json()["data"]
        return rows

    @property
    def sandbox(self) -> Sandbox:
        sandbox: Sandbox = self.app.state.sandbox
        return sandbox

    def board(self, name: str = "Product roadmap", workspace: int = MAIN_WORKSPACE) -> BoardPaths:
        base = f"/workspaces/{workspace}/boards"
        found = {row["name"]: row["id"] for row in self.rows(base)}
        return BoardPaths(self, f"{base}/{found[name]}")


@dataclass
class BoardPaths:
    """Ids and paths on one board, by the names of the seed."""

    api: Api
    path: str
    items_path: str = field(init=False)

    def __post_init__(self) -> None:
        self.items_path = f"{self.path}/items"

    @cached_property
    def folder_ids(self) -> dict[str, str]:
        return {row["name"]: row["id"] for row in self.api.rows(f"{self.path}/folders")}

    @cached_property
    def attributes(self) -> dict[str, dict[str, Any]]:
        return {row["name"]: row for row in self.api.rows(f"{self.path}/attributes")}

    @cached_property
    def item_ids(self) -> dict[str, str]:
        name = self.attribute_id("Name")
        query = {"limit": 100, "expand[]": "values"}
        rows = self.api.get(self.items_path, **query).json()["data"]
        return {
            value["data"]: row["id"]
            for row in rows
            for value in row["values"]
            if value["attribute_id"] == name
        }

    def attribute_id(self, name: str) -> str:
        return str(self.attributes[name]["id"])

    def label_id(self, attribute: str, label: str) -> str:
        labels = self.attributes[attribute]["settings"]["labels"]
        return next(str(entry["id"]) for entry in labels if entry["name"] == label)

    def item(self, name: str) -> str:
        return f"{self.items_path}/{self.item_ids[name]}"

    def new_item(self, folder: str = "Backlog", **body: Any) -> dict[str, Any]:
        body = {"folder_id": self.folder_ids[folder], "values": []} | body
        created: dict[str, Any] = self.api.post(self.items_path, body).json()
        return created

    def value(self, attribute: str, data: Any) -> dict[str, Any]:
        return {"attribute_id": self.attribute_id(attribute), "data": data}

    def data(self, item_path: str) -> dict[str, Any]:
        """An item's data by attribute name."""
        names = {row["id"]: name for name, row in self.attributes.items()}
        values = self.api.expanded(item_path, "values")["values"]
        return {names[value["attribute_id"]]: value["data"] for value in values}
