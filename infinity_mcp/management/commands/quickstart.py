"""A working server from nothing; what exists is left as it is."""

from __future__ import annotations

import io
import os
import secrets
import subprocess
import sys
from pathlib import Path
from typing import Any, NoReturn

from django.conf import settings
from django.core.management import call_command
from django.core.management.base import CommandError, CommandParser
from django.db import connections, transaction
from environ.fileaware_mapping import FileAwareMapping

from accounts.models import ApiKey, McpUser, User
from accounts.scopes import ACCESS
from credentials.database import migrate_in_turn, taking_turns
from credentials.files import write_secret_file
from credentials.management.base import CredentialsCommand
from credentials.management.commands.credentials_init import (
    SECRETS,
    assignments,
    missing_secrets,
)
from credentials.management.places import compose_service, how_to_own, told
from credentials.models import Profile
from credentials.validators import SANDBOX_TOKEN, SANDBOX_URL
from infinity_mcp.management.summary import Summary
from mcpserver.management.commands.mcp_serve import require_free_port, warn_of_unreadable

ADMIN_NAME = "admin"
PROFILE_ID = "sandbox"
MCP_USER_NAME = "codex"
# Settings whose names other projects use too; scripts/quickstart leaves them out.
GENERIC = (
    "DATABASE_URL",
    "CACHE_URL",
    "HOST",
    "ALLOWED_HOSTS",
    "DJANGO_SECRET_KEY",
    "WORKERS",
    "TRANSPORT",
    "LOG_FORMAT",
    "METRICS_TOKEN",
    "TRUSTED_PROXIES",
    "OTEL_EXPORTER_OTLP_ENDPOINT",
)
STARTED_AGAIN = "QUICKSTART_STARTED_AGAIN"


class Command(CredentialsCommand):
    help = (
        "Sets up what is missing (secrets, database, an admin, the profile sandbox, the MCP user"
        " codex with a key file), says where everything is, and serves."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--no-serve", action="store_true", help="set up only")

    def handle(self, *args: Any, **options: Any) -> None:
        serve = not options["no_serve"]
        self.name_variables_of_the_shell()
        if serve:
            require_http(settings.TRANSPORT)
            require_free_port(settings.HOST, settings.PORT)
        require_writable_folder("DATA_DIR")
        require_writable_folder("CONFIG_DIR")
        self.write_secrets()
        if secrets_are_news():
            start_again()
        self.check()  # before anything is promised that a wrong setting keeps from working
        summary = set_up()
        self.stdout.write(summary.text(serve=serve))
        self.stdout.flush()
        if not serve:  # else mcp_serve says it
            warn_of_unreadable(self.stderr)
        if serve:
            connections.close_all()
            call_command("mcp_serve")

    def name_variables_of_the_shell(self) -> None:
        """Those that other projects use too: what is meant for one of them would be taken here."""
        names = generic_variables()
        if names and not os.environ.get(STARTED_AGAIN):
            self.stdout.write(
                f"Taken from the environment, not from {told(settings.ENV_FILE)}:"
                f" {', '.join(names)}. Unset what is meant for something else."
            )
            self.stdout.flush()

    def write_secrets(self) -> None:
        path: Path = settings.ENV_FILE
        is_new, missing = not path.exists(), missing_secrets(path)
        report = io.StringIO()
        call_command("credentials_init", stdout=report)
        if is_new and missing:
            remember_port(path)
        if missing:
            self.stdout.write(report.getvalue())
            self.stdout.flush()


def generic_variables() -> list[str]:
    """Those of the environment that the file does not set. Compose sets them on purpose."""
    if compose_service():
        return []
    in_file = assignments(settings.ENV_FILE)
    names = (form for name in GENERIC for form in (name, f"{name}_FILE"))
    return [name for name in names if os.environ.get(name) not in (None, "", in_file.get(name))]


def require_http(transport: str) -> None:
    if transport != "http":
        raise CommandError(f"TRANSPORT is {transport}, but this serves over HTTP: unset it.")


def require_writable_folder(variable: str) -> None:
    folder: Path = getattr(settings, variable)
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        raise CommandError(f"Cannot make {variable} {folder}: {error.strerror}.") from error
    if not os.access(folder, os.W_OK):
        raise CommandError(
            f"Cannot write to {variable} {told(folder)}. Whoever runs this must own it:"
            f" {how_to_own(folder)}"
        )


def remember_port(env_file: Path) -> None:
    """Every later command must find the server where this one is about to start it."""
    if "PORT" in os.environ and not compose_service():  # which says it every time
        with env_file.open("a") as file:
            file.write(f"PORT={settings.PORT}\n")


def secrets_are_news() -> bool:
    """Does the file have secrets, perhaps of another quickstart, that it had not at the start?"""
    in_file, known = assignments(settings.ENV_FILE), FileAwareMapping()
    return any(in_file.get(name) and not known.get(name) for name in SECRETS)


def start_again() -> NoReturn:
    """Settings are read once, before there were secrets: begin anew, as the same process."""
    for name in SECRETS:  # what was set to nothing would hide what the file says now
        if not os.environ.get(name):
            os.environ.pop(name, None)
    os.environ[STARTED_AGAIN] = "yes"
    command = [sys.executable, *sys.argv]
    if sys.platform == "win32":  # where exec would give the console back to the shell
        raise SystemExit(subprocess.call(command))
    os.execv(sys.executable, command)


def set_up() -> Summary:
    """Create what is missing, all of it or nothing. Raises CommandError and CredentialError."""
    summary = Summary(key_file=settings.CONFIG_DIR.resolve() / "codex-mcp-key.txt")
    with taking_turns():
        if migrate_in_turn():
            summary.created.append("database")
        with transaction.atomic():
            ensure_admin(summary)
            profile = ensure_profile(summary)
            ensure_mcp_user(profile, summary)
    return summary


def ensure_admin(summary: Summary) -> None:
    admin = User.objects.filter(is_superuser=True, is_active=True).order_by("pk").first()
    if admin:
        summary.admin_name = admin.username
        return
    if User.objects.filter(username=ADMIN_NAME).exists():
        raise CommandError(
            f"The person {ADMIN_NAME} exists but may not administer:"
            " run `manage.py createsuperuser`."
        )
    summary.admin_name = ADMIN_NAME
    summary.admin_password = secrets.token_urlsafe(12)
    User.objects.create_superuser(ADMIN_NAME, password=summary.admin_password)
    summary.created.append("admin")


def ensure_profile(summary: Summary) -> Profile:
    Profile.objects.check_store_key()
    profile = Profile.objects.filter(pk=PROFILE_ID).first()
    if profile is None:
        profile = Profile(pk=PROFILE_ID, name="Sandbox", base_url=SANDBOX_URL)
        profile.set_token(SANDBOX_TOKEN)
        profile.save()
        summary.created.append(f"profile {PROFILE_ID}")
    return profile


def ensure_mcp_user(profile: Profile, summary: Summary) -> None:
    user = McpUser.objects.filter(name=MCP_USER_NAME).first()
    if user:
        summary.key_works = is_key_of(user, summary.key_file)
        return
    if summary.key_file.exists():
        raise CommandError(
            f"{told(summary.key_file)} exists, but its key is for another database: set CONFIG_DIR"
            " to another folder, or move the file away."
        )
    scopes = list(ACCESS["admin"])
    user = McpUser.objects.create(name=MCP_USER_NAME, profile=profile, scopes=scopes)
    key = user.issue_key(label="quickstart")[1]
    try:
        write_secret_file(summary.key_file, f"{key}\n".encode())
    except OSError as error:
        raise CommandError(f"Cannot write {summary.key_file}: {error.strerror}.") from error
    summary.created.append(f"MCP user {MCP_USER_NAME}")


def is_key_of(user: McpUser, key_file: Path) -> bool:
    """Does the file hold a key that this user can use now?"""
    if not key_file.is_file():
        return False
    key = ApiKey.objects.authenticate(key_file.read_text(errors="replace").strip())
    return key is not None and key.user == user
