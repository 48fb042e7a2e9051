"""Prints a report on an installation, with the results of four checks."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import CommandError, CommandParser

from credentials.management.base import CredentialsCommand
from infinity_mcp.core.paths import compose_service, told
from infinity_mcp.management.report import (
    Entry,
    Report,
    Repository,
    database,
    files,
    repository,
    service,
    without_user,
)
from mcpserver.connect.client_setup import CLIENTS, Server, client_setup, server_url
from mcpserver.connect.install_check import CheckResult
from mcpserver.management.base import (
    check_line,
    mcp_url,
    read_key,
    run_checks_quietly,
    run_interruptibly,
    setup_text,
)

LABEL_WIDTH = 12


class Command(CredentialsCommand):
    help = (
        "Prints a report for the users of this server: where it is, which version, how it runs, its"
        " files, the MCP URL, the key file, four checks that it works, and how to configure a"
        " client. No secret is printed. Exits 1 if a check fails."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--url", help="such as https://mcp.example.org/mcp; default: from the settings"
        )
        parser.add_argument(
            "--prove-at",
            metavar="URL",
            help="address for the checks, if --url cannot be reached from here; in a container"
            " http://127.0.0.1:3000",
        )
        parser.add_argument(
            "--key-file", type=Path, metavar="FILE", help="default: codex-mcp-key.txt in CONFIG_DIR"
        )
        parser.add_argument(
            "--folder",
            type=Path,
            help="the install folder on the host, if this runs in a container: paths are then those"
            " of the host",
        )
        parser.add_argument(
            "--commit", help="its commit, which a container does not know: git rev-parse HEAD"
        )
        parser.add_argument("--repository", metavar="URL", help="where that commit is from")
        parser.add_argument("--service", help="how it runs, like: Compose service infinity-mcp")
        parser.add_argument("--client", choices=CLIENTS, default="codex")
        parser.add_argument("--json", action="store_true", help="the same as one JSON object")

    def handle(self, *args: Any, **options: Any) -> None:
        report = _report(options)
        if options["json"]:
            self.stdout.write(json.dumps(asdict(report), indent=2))
        else:
            self.stdout.write("\n".join(_lines(report)))
            self.stdout.write(f"\n{report.client.title}:\n\n{setup_text(report.client)}")
        if not report.is_proven:
            raise CommandError("Not every check passed.")


def _report(options: dict[str, Any]) -> Report:
    """Raises CommandError for a URL or a key file that cannot be used."""
    url = mcp_url(options["url"] or server_url())
    seen_here = mcp_url(options["prove_at"] or url)
    key_file = options["key_file"] or settings.CONFIG_DIR / "codex-mcp-key.txt"
    key_file = Path(os.path.realpath(key_file))
    folder: Path | None = options["folder"]
    server = Server(
        url,
        key_file=str(told(key_file, folder)),
        folder=folder or settings.BASE_DIR,
        python=sys.executable,
    )
    return Report(
        folder=_folder(folder),
        repository=_repository(options),
        service=options["service"] or service(seen_here),
        files=tuple(files(key_file, folder)),
        database=database(folder),
        url=url,
        key_file=server.key_file,
        proofs=run_interruptibly(_proofs(seen_here, read_key(key_file))),
        entry=Entry(),
        client=client_setup(options["client"], server),
    )


def _folder(given: Path | None) -> str:
    if given or not compose_service():
        return str(given or settings.BASE_DIR)
    return 'not known in a container: add --folder "$PWD"'


def _repository(options: dict[str, Any]) -> Repository | None:
    if options["commit"]:
        return Repository(without_user(options["repository"] or ""), options["commit"], None)
    return repository()


async def _proofs(url: str, key: str) -> tuple[CheckResult, ...]:
    return tuple([proof async for proof in run_checks_quietly(url, key)])


def _lines(report: Report) -> Iterator[str]:
    yield from _labelled("Folder", report.folder)
    yield from _labelled("Repository", _described(report.repository))
    yield from _labelled("Service", report.service)
    yield from _labelled("Database", report.database)
    yield from _labelled(
        "Files",
        *(f"{file.path} ({file.what}, {file.mode}, of {file.owner})" for file in report.files),
    )
    yield from _labelled("MCP URL", report.url)
    yield from _labelled("Key file", report.key_file)
    yield from _labelled("Check", *map(check_line, report.proofs))
    entry = report.entry
    yield from _labelled("In clients", f"{entry.name}, {entry.transport}, {entry.header}")


def _labelled(label: str, *values: str) -> Iterator[str]:
    for position, value in enumerate(values):
        yield f"{'' if position else label:<{LABEL_WIDTH}}{value}"


def _described(repository: Repository | None) -> str:
    if repository is None and compose_service():
        return 'not known in a container: add --commit "$(git rev-parse HEAD)"'
    if repository is None:
        return "not a git checkout"
    changed = ", with changes of your own" if repository.changed else ""
    place = f"{repository.url}, " if repository.url else ""
    return f"{place}commit {repository.commit}{changed}"
