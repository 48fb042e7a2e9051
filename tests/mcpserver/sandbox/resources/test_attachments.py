from __future__ import annotations

from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx2
import pytest

from mcpserver.sandbox import Options, create_app
from tests.mcpserver.sandbox.api import Api, BoardPaths
from tests.mcpserver.sandbox.conftest import Clock, Switched

FILE = "/workspaces/31337/attachments/file"
URL = "/workspaces/31337/attachments/url"
CONTENT = bytes(range(256)) * 3 + b"\r\n--boundary\r\n"


def upload(api: Api, name: str = "plan.pdf", content: bytes = CONTENT) -> httpx2.Response:
    return api.request("POST", FILE, files={"file": (name, content)})


def test_uploaded_file_has_the_documented_fields(ada: Api) -> None:
    answer = upload(ada)
    attachment = answer.json()
    assert 201 == answer.status_code
    assert ("attachment", "plan.pdf", 782, False) == (
        attachment["object"],
        attachment["original_name"],
        attachment["filesize"],
        attachment["deleted"],
    )
    assert isinstance(attachment["id"], int)
    assert {"access_key", "signature"} == set(parse_qs(urlsplit(attachment["link"]).query))
    assert "/api/attachments/get" == urlsplit(attachment["link"]).path


@pytest.mark.parametrize("token", ["sandbox-ada", "nobody"])
def test_link_gives_the_same_bytes_without_a_token(ada: Api, token: str) -> None:
    link = upload(ada).json()["link"]
    answer = Api(ada.app, token).get(link)
    assert (200, CONTENT) == (answer.status_code, answer.content)


@pytest.mark.parametrize("name", ["plan.pdf", "Pläne 🇩🇪.txt", "it's; (1).txt"])
def test_names_survive(ada: Api, name: str) -> None:
    attachment = upload(ada, name).json()
    assert name == attachment["original_name"]
    assert "filename*=UTF-8''" in ada.get(attachment["link"]).headers["Content-Disposition"]


def test_empty_file_is_accepted(ada: Api) -> None:
    attachment = upload(ada, content=b"").json()
    assert (0, b"") == (attachment["filesize"], ada.get(attachment["link"]).content)


def test_link_expires(clock: Clock) -> None:
    api = Api(create_app(Options(attachment_link_seconds=60), clock=clock))
    link = upload(api).json()["link"]
    clock.now += 59
    assert 200 == api.get(link).status_code
    clock.now += 1
    answer = api.get(link)
    assert (403, {"message": "Invalid signature."}) == (answer.status_code, answer.json())


def test_changed_link_is_refused(ada: Api) -> None:
    one, other = upload(ada).json()["link"], upload(ada).json()["link"]
    mixed = f"{one.partition('&')[0]}&{other.partition('&')[2]}"
    links = [mixed, one[:-1] + "z", one.partition("?")[0], one.partition("&")[0]]
    assert [403] * 4 == [ada.get(link).status_code for link in links]


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"json": {"file": "x"}},
        {"files": {"document": ("a.txt", b"x")}},
        {"files": {"file": (None, b"x")}},
        {"data": {"file": "x"}},
    ],
)
def test_upload_without_a_file_is_refused(ada: Api, options: dict[str, Any]) -> None:
    answer = ada.request("POST", FILE, **options)
    assert (422, ["file"]) == (answer.status_code, list(answer.json()["errors"]))


@pytest.mark.parametrize("content_type", ["multipart/form-data", "multipart/form-data; boundary=x"])
def test_malformed_multipart_is_refused(ada: Api, content_type: str) -> None:
    headers = {"Content-Type": content_type}
    assert 400 == ada.request("POST", FILE, content=b"nonsense", headers=headers).status_code


def test_upload_that_is_too_large_is_refused(switched: Switched) -> None:
    api = switched(max_upload_bytes=1000)
    sizes = (1000, 1001, 100_000)
    assert [201, 413, 413] == [upload(api, content=b"x" * n).status_code for n in sizes]


def test_attachment_by_url_downloads_nothing(ada: Api) -> None:
    answer = ada.post(URL, {"url": "https://example.org/files/plan.pdf?x=1"})
    attachment = answer.json()
    assert (201, "plan.pdf") == (answer.status_code, attachment["original_name"])
    assert b"downloads nothing" in ada.get(attachment["link"]).content


@pytest.mark.parametrize("url", [None, "", "plan.pdf", "ftp://example.org/x", "https://", 5])
def test_bad_url_is_refused(ada: Api, url: object) -> None:
    answer = ada.post(URL, {"url": url})
    assert (422, ["url"]) == (answer.status_code, list(answer.json()["errors"]))


@pytest.mark.parametrize("path", [FILE, URL])
def test_foreign_workspace_is_forbidden(carol: Api, path: str) -> None:
    assert 403 == carol.post(path, {}).status_code


def test_item_shows_the_attachment_with_a_working_link(roadmap: BoardPaths) -> None:
    attachment = upload(roadmap.api).json()
    body = {"values": [roadmap.value("Files", [{"id": attachment["id"]}])]}
    assert 200 == roadmap.api.put(roadmap.item("Print view"), body).status_code
    (entry,) = roadmap.data(roadmap.item("Print view"))["Files"]
    assert attachment.keys() == entry.keys()
    assert CONTENT == roadmap.api.get(entry["link"]).content


def test_attachment_of_another_workspace_cannot_be_used(carol: Api, roadmap: BoardPaths) -> None:
    path = FILE.replace("31337", "31338")
    foreign = carol.request("POST", path, files={"file": ("a.txt", b"x")}).json()
    body = {"values": [roadmap.value("Files", [{"id": foreign["id"]}])]}
    answer = roadmap.api.put(roadmap.item("Print view"), body)
    assert ["values.0.data.0.id"] == list(answer.json()["errors"])
