"""Shows the connect pages: make a key, set up an agent, test the connection."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from asgiref.sync import async_to_sync
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.contrib.auth.mixins import LoginRequiredMixin
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import get_object_or_404, redirect
from django.utils.decorators import method_decorator
from django.views import View
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_safe

from accounts.models import McpUser, User
from accounts.signin.limits import Limit
from accounts.signin.pages import page
from mcpserver.connect.client_setup import server_url
from mcpserver.connect.forms import ALREADY_MADE, NewKeyForm, RevokeForm, TestForm
from mcpserver.connect.setup_page import setups_context

if TYPE_CHECKING:
    from mcpserver.connect.install_check import CheckResult

MAX_SHOWN, MAX_KEYS_SHOWN = 50, 20
TEST_SECONDS = 10.0  # for each of the four checks, while a person waits
TESTS = Limit("tests of the connection by one person", 10, 60)


@require_safe
@login_required
def choose(request: HttpRequest) -> HttpResponse:
    """Lists the MCP users that the person may use; redirects to the only one."""
    assert isinstance(request.user, User)
    sought = request.GET.get("name", "").replace("\0", "")[:64]
    users = McpUser.objects.usable_by(request.user)
    shown = list(users.filter(name__icontains=sought)[: MAX_SHOWN + 1])
    if len(shown) == 1 and not sought:
        return redirect("connect-as", shown[0].pk)
    context = {
        "users": shown[:MAX_SHOWN],
        "more": len(shown) > MAX_SHOWN,
        "sought": sought,
    }
    return page(request, "mcpserver/choose.html", context)


@method_decorator(sensitive_post_parameters("key"), name="dispatch")
class ConnectView(LoginRequiredMixin, View):
    """Shows how agents connect as one MCP user.

    A POST makes a key, which only its answer shows, revokes one, or tests one against this server's
    own address.
    """

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        """Answer 404 unless the person may use the MCP user."""
        if not request.user.is_authenticated:
            return self.handle_no_permission()
        assert isinstance(request.user, User)
        self.person = request.user
        usable = McpUser.objects.usable_by(self.person)
        self.mcp_user = get_object_or_404(usable, pk=kwargs.pop("pk"))
        return super().dispatch(request, *args, **kwargs)

    def get(self, request: HttpRequest) -> HttpResponse:
        """Show how to connect an agent."""
        return self._page()

    def post(self, request: HttpRequest) -> HttpResponse:
        """Test a key, revoke one, or make a new one."""
        match request.POST.get("action"):
            case "test":
                return self._test()
            case "revoke":
                return self._revoke()
        return self._make_key()

    @property
    def _may_make_keys(self) -> bool:
        return self.mcp_user.state == "live" and self.person.may_make_keys_of(self.mcp_user)

    def _make_key(self) -> HttpResponse:
        if not self._may_make_keys:
            raise PermissionDenied
        form = NewKeyForm(self.request.POST, user=self.mcp_user)
        if not form.is_valid():
            return self._page(400, key_form=form)
        made = form.save()
        return self._page(key=made[1]) if made else self._page(409, refused=ALREADY_MADE)

    def _revoke(self) -> HttpResponse:
        """Revoke a key, also of an MCP user that is not live: it may be activated again."""
        if not self.person.may_make_keys_of(self.mcp_user):
            raise PermissionDenied
        form = RevokeForm(self.request.POST, user=self.mcp_user)
        if not form.is_valid():
            return self._page(400, refused="That key is not a live key of this MCP user.")
        key = form.save()
        messages.success(self.request, f"The key {key} is revoked. It is refused from now on.")
        return redirect("connect-as", self.mcp_user.pk)

    def _test(self) -> HttpResponse:
        if not TESTS.take(str(self.person.pk)):
            return self._page(429, refused="There were too many tests just now. Wait a minute.")
        form = TestForm(self.request.POST, user=self.mcp_user)
        if not form.is_valid():
            return self._page(400, test_form=form)
        key = form.cleaned_data["key"]
        checks = async_to_sync(_checks)(f"{server_url()}/mcp", key)
        return self._page(key=key if form.cleaned_data["is_new"] else "", checks=checks)

    @property
    def _has_other_users(self) -> bool:
        usable = McpUser.objects.usable_by(self.person)
        return usable.exclude(pk=self.mcp_user.pk).exists()

    def _page(self, status: int = 200, *, key: str = "", **context: Any) -> HttpResponse:
        from mcpserver.tools import tool_titles, toolsets  # here, because commands load the pages

        keys = self.mcp_user.keys.live()
        tools = [title for each in tool_titles(self.mcp_user.policy).values() for title in each]
        context = {
            "mcp_user": self.mcp_user,
            "has_other_users": self._has_other_users,
            "tools": tools,
            "toolsets": list(toolsets()),
            "keys": keys.order_by("-created_at", "-pk")[:MAX_KEYS_SHOWN],
            "more_keys": max(keys.count() - MAX_KEYS_SHOWN, 0),
            "may_make_keys": self._may_make_keys,
            "may_revoke": self.person.may_make_keys_of(self.mcp_user),
            "key_form": NewKeyForm(user=self.mcp_user),
            "test_form": TestForm(user=self.mcp_user),
            "key": key,
            **setups_context(key),
            **context,
        }
        return page(
            self.request, "mcpserver/connect.html", context, status=status, with_script=True
        )


async def _checks(url: str, key: str) -> list[CheckResult]:
    from mcpserver.connect.install_check import run_checks  # for the same reason

    return [check async for check in run_checks(url, key, TEST_SECONDS)]
