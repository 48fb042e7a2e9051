"""Pages of the admin report any wrong input, and never answer 5xx."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any
from urllib.parse import quote

import pytest
from django.contrib import admin
from django.db import transaction
from django.db.models import Model
from django.test import Client, RequestFactory
from django.urls import reverse

from accounts.admin.lookups import NO_ROWS, SEARCH_CUT
from accounts.models import McpUser, User
from credentials.models import Profile
from credentials.validators import SANDBOX_TOKEN, SANDBOX_URL
from infinity_mcp.core.events import EventKind
from infinity_mcp.errors.handlers import NUL_SENT
from mcpserver.audit.models import Event, Outcome, ToolCall
from oauthbridge.models import Connection
from tests.forms import Fields, forms_of
from tests.oauthbridge.support import client as oauth_client

HUGE = "9" * 30
JUNK = [HUGE, "9" * 5000, "\u202e😀" * 100, "x" * 60_000]
USERS = "/admin/accounts/mcpuser/"
MODELS = list(admin.site._registry)
Records = dict[type[Model], Model]


@pytest.fixture
def records(db: None) -> Records:
    """One of each model that the admin shows."""
    profile = Profile(id="local", name="Local", base_url=SANDBOX_URL)
    profile.set_token(SANDBOX_TOKEN)
    profile.save()
    alice = McpUser.objects.create(name="alice", profile=profile, scopes=["infinity:read"])
    key, _ = alice.issue_key("laptop")
    ada = User.objects.create_user("ada")
    application = oauth_client()
    connection = Connection.objects.create(
        application=application, person=ada, mcp_user=alice, scopes=["infinity:read"]
    )
    event = Event.objects.create(kind=EventKind.KEY_ISSUED, subject="MCP user alice")
    call = ToolCall.objects.create(user="alice", tool="x", outcome=Outcome.OK, changes=False)
    made = (profile, alice, key, ada, application, connection, event, call)
    return {type(each): each for each in made}


class Boss:
    """The browser of a superuser. What its requests change is undone."""

    def __init__(self) -> None:
        person = User.objects.create_superuser("boss")
        self._client = Client()
        self._client.force_login(person)
        self._session = self._client.cookies["sessionid"].value

    def get(self, url: str) -> Any:
        return self._client.get(url)

    def ask(self, url: str, sent: Fields | None = None) -> str:
        """The page, after a redirect to it; no answer may be a 5xx."""
        self._client.cookies["sessionid"] = self._session
        with transaction.atomic():
            answer = self._client.get(url) if sent is None else self._client.post(url, sent)
            if answer.status_code == 302 and answer["Location"] == url:
                answer = self._client.get(url)
            transaction.set_rollback(True)
        assert answer.status_code < 500, url
        return "" if answer.streaming else answer.content.decode()


@pytest.fixture
def boss(records: Records) -> Boss:
    return Boss()


def list_of(model: type[Model]) -> str:
    return reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_changelist")


def pages_of(model: type[Model], key: object) -> Iterator[str]:
    """All addresses below the list of a model; `key` stands where a page is about one row."""
    for pattern in admin.site._registry[model].get_urls():
        if pattern.name:
            names = pattern.pattern.converters
            yield reverse(f"admin:{pattern.name}", kwargs=dict.fromkeys(names, key))


def by_name(model: type[Model]) -> str:
    return model.__name__


@pytest.mark.parametrize("model", MODELS, ids=by_name)
def test_each_field_says_what_is_wrong_with_it(
    model: type[Model], boss: Boss, records: Records
) -> None:
    seen = set()
    for url in pages_of(model, records[model].pk):
        for form in forms_of(boss.ask(url)):
            seen |= {name for name in form.fields if form.method == "post"}
            if form.method != "post" or "logout" in form.action:
                continue
            for name in form.fields:
                boss.ask(url, form.sent(**{name: ["x", "-1"]}))
            for junk in JUNK:
                boss.ask(url, {name: [junk] for name in form.fields})
            boss.ask(url, {})
    assert "csrfmiddlewaretoken" in seen


@pytest.mark.parametrize("junk", ["x", "-1", HUGE])
def test_a_person_that_is_none_is_named_by_the_form(junk: str, boss: Boss) -> None:
    [form] = [each for each in forms_of(boss.ask(f"{USERS}add/")) if "people" in each.fields]
    sent = {"name": ["bob"], "profile": ["local"], "access": ["read-only"]}
    page = boss.ask(f"{USERS}add/", form.sent(**sent, people=[junk]))
    assert "is not a valid value" in page or "is not one of the available choices" in page
    page = boss.ask(f"{USERS}add/", form.sent(**{**sent, "profile": [junk]}))
    assert "Select a valid choice" in page


@pytest.mark.parametrize("model", MODELS, ids=by_name)
def test_an_action_on_what_is_no_row_does_nothing(
    model: type[Model], boss: Boss, records: Records
) -> None:
    request = RequestFactory().get("/")
    request.user = User.objects.get(username="boss")
    for action in admin.site._registry[model].get_actions(request):
        sent = {"action": [action], "index": ["x"], "post": ["yes"], "profile": ["x"]}
        for junk in ("x", HUGE):
            boss.ask(list_of(model), {**sent, "_selected_action": [junk]})
            boss.ask(list_of(model), {**sent, "_selected_action": [junk], "select_across": ["1"]})
        boss.ask(list_of(model), sent)


def test_an_action_says_that_it_found_no_row(boss: Boss) -> None:
    sent = {"action": ["deactivate"], "_selected_action": ["x"], "index": ["0"]}
    assert NO_ROWS in boss.ask(USERS, sent)


@pytest.mark.parametrize("model", MODELS, ids=by_name)
def test_a_key_in_an_address_that_is_none_is_not_found(model: type[Model], boss: Boss) -> None:
    for junk in ("x", HUGE, "9" * 3000, "_5F😀"):
        for url in pages_of(model, "KEY"):
            if "KEY" in url:
                boss.ask(url.replace("KEY", quote(junk, safe="")))


@pytest.mark.parametrize("model", MODELS, ids=by_name)
def test_a_list_takes_any_query(model: type[Model], boss: Boss) -> None:
    model_admin, request = admin.site._registry[model], RequestFactory().get("/")
    request.user = User.objects.get(username="boss")
    filters = [
        name
        for spec in model_admin.get_changelist_instance(request).filter_specs
        for name in spec.expected_parameters()
    ]
    for name in [*filters, "q", "o", "p", "_to_field"]:
        for junk in (HUGE, "x" * 60_000) if name != "q" else ("ab " * 2000, "x" * 60_000):
            boss.ask(f"{list_of(model)}?{name}={quote(junk)}")
            if model in (Event, ToolCall):
                boss.ask(f"{list_of(model)}export/?{name}={quote(junk)}")


LOOKUPS = ("", "__exact", "__in", "__isnull", "__range", "__year", "__x", "__id__exact", "__pk__in")
NO_KEYS = ("9" * 40, f"1,{HUGE}", "x")


@pytest.mark.parametrize("model", MODELS, ids=by_name)
def test_each_column_of_a_filter_takes_any_lookup(model: type[Model], boss: Boss) -> None:
    request = RequestFactory().get("/")
    request.user = User.objects.get(username="boss")
    for spec in admin.site._registry[model].get_list_filter(request):
        column = spec[0] if isinstance(spec, tuple) else getattr(spec, "parameter_name", spec)
        for lookup in LOOKUPS:
            for junk in NO_KEYS:
                boss.ask(f"{list_of(model)}?{column}{lookup}={quote(junk)}")


@pytest.mark.parametrize(
    "asked",
    [
        "/admin/accounts/apikey/?user=",
        "/admin/accounts/apikey/?user__exact=",
        "/admin/accounts/user/?groups=",
        "/admin/oauthbridge/connection/?application=",
        "/admin/oauthbridge/connection/?application__exact=",
        "/admin/oauthbridge/connection/?mcp_user=",
        "/admin/oauthbridge/connection/?mcp_user__id__in=1,",
    ],
)
def test_a_filter_by_what_is_no_key_is_not_applied(asked: str, boss: Boss) -> None:
    path, _, query = asked.partition("?")
    answer = boss.get(f"{path}?{query}{'9' * 40}")
    assert (302, f"{path}?e=1") == (answer.status_code, answer["Location"])
    assert 200 == boss.get(f"{path}?{query}1").status_code


def test_a_search_that_is_too_long_says_what_was_searched_for(boss: Boss) -> None:
    assert SEARCH_CUT not in boss.ask(f"{USERS}?q=alice")
    assert SEARCH_CUT in boss.ask(f"{USERS}?q={'a' * 300}")
    assert SEARCH_CUT in boss.ask(f"{USERS}?q={quote('a b ' * 20)}")


def test_pages_beside_the_lists_take_anything(boss: Boss) -> None:
    people = {"app_label": "accounts", "model_name": "mcpuser", "field_name": "people"}
    asked = {**people, "term": "a", "page": "1"}
    for junk in JUNK:
        for name in asked:
            query = "&".join(f"{n}={quote(v)}" for n, v in {**asked, name: junk}.items())
            boss.ask(f"/admin/autocomplete/?{query}")
        for name in ("s", "page", "extended"):
            boss.ask(f"/admin/search/?s=a&{name}={quote(junk)}")
        boss.ask(f"/admin/r/{quote(junk[:2000] or 'x', safe='')}/{quote(junk[:2000], safe='')}/")
        boss.ask(f"/admin/{quote(junk[:2000], safe='')}/")
        boss.ask("/admin/login/", {"username": [junk], "password": [junk], "next": [junk]})
        boss.ask("/admin/password_change/", {"old_password": [junk], "new_password1": [junk]})


def test_a_nul_is_refused_wherever_it_is_sent(boss: Boss) -> None:
    form = forms_of(boss.ask(f"{USERS}add/"))[0]
    profile = "/admin/credentials/profile/"
    assert NUL_SENT not in boss.ask(f"{profile}?q=x%00")
    for page in (
        boss.ask(f"{USERS}add/", form.sent(profile=["local\0"])),
        boss.ask(USERS, {"action": ["deactivate"], "_selected_action": ["\0"]}),
        boss.ask(f"{profile}x%00/change/"),
        boss.ask(f"{USERS}?profile__id__exact=%00"),
        boss.ask("/admin/autocomplete/?term=%00&app_label=accounts&model_name=mcpuser"),
    ):
        assert NUL_SENT in page
