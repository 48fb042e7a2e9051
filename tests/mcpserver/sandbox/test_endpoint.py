from __future__ import annotations

import pytest

from mcpserver.sandbox import ADA_TOKEN, BOB_TOKEN, CAROL_TOKEN, RITA_TOKEN
from tests.mcpserver.sandbox.api import Api, BoardPaths
from tests.mcpserver.sandbox.conftest import Switched

OLD_VERSIONS = [None, "2025-02-26.morava", "2025-12-01.morava"]


@pytest.mark.parametrize(
    ("token", "name", "user_id"),
    [
        (ADA_TOKEN, "Ada Example", 4242),
        (BOB_TOKEN, "Bob Example", 4243),
        (CAROL_TOKEN, "Carol Example", 5150),
        (RITA_TOKEN, "Rita Example", 4301),
    ],
)
def test_token_acts_as_its_person(ada: Api, token: str, name: str, user_id: int) -> None:
    profile = Api(ada.app, token).get("/profile").json()
    assert (name, user_id) == (profile["name"], profile["id"])


def test_profile_has_the_documented_fields(ada: Api) -> None:
    expected = {
        "id": 4242,
        "object": "user",
        "name": "Ada Example",
        "email": "ada@example.org",
        "photo_url": None,
        "deleted": False,
    }
    assert expected == ada.get("/profile").json()


@pytest.mark.parametrize(
    "header", ["", "Bearer", "Bearer nobody", "Basic sandbox-ada", "sandbox-ada"]
)
def test_unknown_credentials_are_unauthenticated(ada: Api, header: str) -> None:
    answer = ada.request("GET", "/profile", headers={"Authorization": header})
    assert (401, {"message": "Unauthenticated."}) == (answer.status_code, answer.json())


def test_every_answer_says_it_is_a_sandbox(ada: Api) -> None:
    statuses = [ada.get(path) for path in ("/profile", "/nowhere", "/workspaces/9/boards")]
    assert [200, 404, 404] == [answer.status_code for answer in statuses]
    assert ["1", "1", "1"] == [answer.headers["X-Infinity-Sandbox"] for answer in statuses]


def test_trailing_slash_is_accepted(ada: Api) -> None:
    assert ada.get("/workspaces").json() == ada.get("/workspaces/").json()


def test_head_answers_like_get(ada: Api) -> None:
    assert 200 == ada.request("HEAD", "/profile").status_code


def test_unknown_route_is_named(roadmap: BoardPaths) -> None:
    path = f"{roadmap.item('Dark mode')}/values"
    answer = roadmap.api.post(path, {})
    expected = {"message": f"The route api/v2{path} could not be found."}
    assert (404, expected) == (answer.status_code, answer.json())


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/workspaces/31337", 404),
        ("POST", "/workspaces", 405),
        ("GET", "/workspaces/31337/users", 404),
        ("GET", "/workspaces/31337/attachments", 404),
        ("GET", "{board}/folders/x/items", 404),
        ("DELETE", "{board}/items/x/values/y", 404),
        ("GET", "{board}/references/x", 405),
        ("GET", "{board}/hooks/x", 405),
        ("POST", "{board}/items/bulk", 405),
    ],
)
def test_undocumented_operation_does_not_exist(
    roadmap: BoardPaths, method: str, path: str, status: int
) -> None:
    path = path.format(board=roadmap.path)
    assert status == roadmap.api.request(method, path).status_code


def test_unknown_route_is_refused_before_the_token(ada: Api) -> None:
    assert 404 == Api(ada.app, "nobody").get("/nowhere").status_code


@pytest.mark.parametrize(
    ("method", "path", "supported"),
    [
        ("POST", "/profile", "GET, HEAD"),
        ("DELETE", "/workspaces/31337/boards", "GET, HEAD, POST"),
        ("PATCH", "/workspaces/31337/boards/x/items/y", "GET, HEAD, PUT, DELETE"),
        ("GET", "/workspaces/31337/boards/x/time-tracking", "POST"),
        ("DELETE", "/workspaces/31337/boards/x", "GET, HEAD"),
    ],
)
def test_wrong_method_names_the_supported_ones(
    ada: Api, method: str, path: str, supported: str
) -> None:
    answer = ada.request(method, path)
    message = (
        f"The {method} method is not supported for route api/v2{path}. "
        f"Supported methods: {supported}."
    )
    assert (405, message) == (answer.status_code, answer.json()["message"])
    assert supported == answer.headers["Allow"]


def test_unknown_version_is_unauthenticated(ada: Api) -> None:
    assert 401 == Api(ada.app, version="2026-04-20").get("/profile").status_code


def test_absent_version_is_the_oldest_one(ada: Api, roadmap: BoardPaths) -> None:
    old = Api(ada.app, version=None)
    assert 200 == old.get("/profile").status_code
    assert 1 == len(old.rows(f"{roadmap.path}/references"))


def test_absent_version_can_be_refused(switched: Switched) -> None:
    api = switched(missing_version="refuse")
    api.version = None
    assert 401 == api.get("/profile").status_code


@pytest.mark.parametrize("version", ["2025-02-26.morava", "2025-12-01.morava", "2026-04-20.morava"])
def test_removed_route_says_so(ada: Api, roadmap: BoardPaths, version: str) -> None:
    answer = Api(ada.app, version=version).get(f"{roadmap.path}/references")
    expected = (404, {"message": "Removed in selected version"})
    assert expected == (answer.status_code, answer.json())


def test_status_of_a_removed_route_is_a_switch(switched: Switched) -> None:
    api = switched(removed_status=410)
    assert 410 == api.get(f"{api.board().path}/references").status_code


@pytest.mark.parametrize("version", OLD_VERSIONS)
def test_time_tracking_is_unknown_to_old_versions(
    ada: Api, roadmap: BoardPaths, version: str | None
) -> None:
    answer = Api(ada.app, version=version).post(f"{roadmap.path}/time-tracking", {})
    assert 404 == answer.status_code
    assert "could not be found" in answer.json()["message"]


@pytest.mark.parametrize(
    "body",
    [
        b"{",
        b"nonsense",
        b'{"text": NaN}',
        b'{"text": "\\ud800"}',
        b'"text"',
        b"[1]",
        b"[" * 100_000,
    ],
)
def test_malformed_body_is_refused(roadmap: BoardPaths, body: bytes) -> None:
    answer = roadmap.api.request(
        "POST",
        f"{roadmap.item('Dark mode')}/comments",
        content=body,
        headers={"Content-Type": "application/json"},
    )
    assert 400 == answer.status_code


def test_body_of_another_content_type_is_not_read(roadmap: BoardPaths) -> None:
    answer = roadmap.api.request(
        "POST", f"{roadmap.item('Dark mode')}/comments", content=b'{"text": "<p>x</p>"}'
    )
    assert 422 == answer.status_code


def test_validation_error_has_the_shape_of_laravel(roadmap: BoardPaths) -> None:
    answer = roadmap.api.post(f"{roadmap.path}/references", {})
    expected = {
        "message": "The attribute id field is required. (and 2 more errors)",
        "errors": {
            name: [f"The {name.replace('_', ' ')} field is required."]
            for name in ("attribute_id", "from_item_id", "to_item_id")
        },
    }
    assert (422, expected) == (answer.status_code, answer.json())


def test_one_more_error_is_singular(roadmap: BoardPaths) -> None:
    answer = roadmap.api.post(f"{roadmap.path}/hooks", {})
    assert "The url field is required. (and 1 more error)" == answer.json()["message"]


def test_single_resource_can_be_wrapped(switched: Switched) -> None:
    assert 4242 == switched(wrap_single=True).get("/profile").json()["data"]["id"]


def test_times_can_be_written_with_a_space(switched: Switched) -> None:
    api = switched(time_format="space")
    assert "2026-01-12 09:39:00" == api.get(api.board().path).json()["created_at"]
