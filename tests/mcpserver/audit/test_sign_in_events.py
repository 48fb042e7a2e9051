"""Signing in and refusals are in the audit log."""

from __future__ import annotations

import secrets
from datetime import timedelta

import pytest
from django.core.cache import cache
from django.test import Client
from django.utils import timezone

from accounts.models import User
from infinity_mcp.core.events import EventKind
from mcpserver.audit.models import Event
from tests.mcpserver.audit.events import seen


class TestSigningIn:
    @pytest.fixture
    def ada(self, transactional_db: None) -> tuple[User, str]:
        cache.clear()  # where wrong passwords are counted
        password = secrets.token_urlsafe(16)
        return User.objects.create_user("ada", password=password, is_staff=True), password

    def sign_in(self, client: Client, username: str, password: str) -> int:
        form = {"username": username, "password": password}
        return client.post("/admin/login/?next=/admin/", form).status_code

    def test_signing_in_and_out_is_in_the_log(self, ada: tuple[User, str], client: Client) -> None:
        assert 302 == self.sign_in(client, "ada", ada[1])
        client.post("/admin/logout/")

        signs = Event.objects.filter(actor="ada", subject="person ada").order_by("id")
        assert [
            (EventKind.SIGNED_IN, "127.0.0.1"),
            (EventKind.SIGNED_OUT, "127.0.0.1"),
        ] == list(signs.values_list("kind", "address"))

    def test_a_wrong_password_is_in_the_log_without_it(
        self, ada: tuple[User, str], client: Client
    ) -> None:
        wrong = secrets.token_urlsafe(16)
        self.sign_in(client, "ada", wrong)
        assert [(EventKind.SIGN_IN_REFUSED, "person ada", "")] == seen(EventKind.SIGN_IN_REFUSED)
        assert wrong not in str(Event.objects.values())

    def test_a_password_typed_as_the_name_is_not_in_the_log(
        self, ada: tuple[User, str], client: Client
    ) -> None:
        self.sign_in(client, ada[1], "x")
        assert [(EventKind.SIGN_IN_REFUSED, "unknown name", "")] == seen(EventKind.SIGN_IN_REFUSED)

    def test_a_throttled_guesser_is_in_the_log_once(
        self, ada: tuple[User, str], client: Client
    ) -> None:
        for _ in range(15):
            self.sign_in(client, "ada", "wrong")
        assert 10 == len(seen(EventKind.SIGN_IN_REFUSED))
        why = "Too many wrong passwords for one name from one address."
        [event] = Event.objects.filter(detail=why)
        assert ("127.0.0.1", 5) == (event.address, event.count)

    def test_a_right_password_without_a_role_is_in_the_log(self, client: Client, db: None) -> None:
        password = secrets.token_urlsafe(16)
        User.objects.create_user("ada", password=password)
        for _ in range(3):
            assert 200 == self.sign_in(client, "ada", password)
        [event] = Event.objects.filter(kind=EventKind.SIGN_IN_REFUSED)
        assert ("person ada", "No role to enter the admin with", 3) == (
            event.subject,
            event.detail,
            event.count,
        )


class TestRefusals:
    def refused(self) -> list[tuple[str, str, str, int]]:
        events = Event.objects.filter(kind=EventKind.ACCESS_REFUSED).order_by("id")
        return list(events.values_list("actor", "subject", "detail", "count"))

    def test_pages_that_somebody_may_not_see_are_in_the_log(self, client: Client, db: None) -> None:
        client.force_login(User.objects.create_user("ada", is_staff=True))
        for _ in range(2):
            assert 403 == client.get("/admin/credentials/profile/").status_code
        assert [("ada", "page /admin/credentials/profile/", "Not allowed", 2)] == self.refused()

    def test_forms_of_other_sites_are_in_the_log_by_their_route(self, db: None) -> None:
        client = Client(enforce_csrf_checks=True)
        for number in range(3):
            assert 403 == client.post(f"/connect/{number}/").status_code
        why = "The form is not of this server, or out of date"
        assert [("", "page /connect/<int:pk>/", why, 3)] == self.refused()

    def test_a_minute_later_it_is_another_entry(self, db: None) -> None:
        client = Client(enforce_csrf_checks=True)
        client.post("/login/")
        Event.objects.update(happened_at=timezone.now() - timedelta(minutes=2))
        client.post("/login/")
        assert [1, 1] == [count for *_, count in self.refused()]
