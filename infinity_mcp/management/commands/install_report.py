from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import CommandError, CommandParser

from credentials.management.base import CredentialsCommand
from credentials.management.places import compose_service, told
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
from mcpserver.client_setup import CLIENTS, Server, client_setup, server_url
from mcpserver.management.base import (
    mcp_url,
    proof_line,
    prove_quietly,
    read_key,
    run_proofs,
    setup_text,
)
from mcpserver.proofs import Proof

LABEL_WIDTH = 12


class Command(CredentialsCommand):
    help = (
        "Prints what whoever installed this server should tell at the end: where it is, which"
        " version, how it runs, its files, the MCP URL, the key file, four proofs that it works,"
        " and how to configure a client. No secret is printed. Exits 1 if a proof fails."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--url", help="https://mcp.example.org/mcp; default: what the settings say"
        )
        parser.add_argument(
            "--prove-at",
            metavar="URL",
            help="where the server is seen from here, if not under --url; in a container"
            " http://127.0.0.1:3000",
        )
        parser.add_argument(
            "--key-file", type=Path, metavar="FILE", help="default: codex-mcp-key.txt in CONFIG_DIR"
        )
        parser.add_argument(
            "--folder",
            type=Path,
            help="the install folder on the host, when this runs in a container, which cannot know:"
            " paths are then told as they are there",
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
            raise CommandError("Not every proof passed.")


def _report(options: dict[str, Any]) -> Report:
    """Raises CommandError for a URL or a key file that cannot be used."""
    url = mcp_url(options["url"] or server_url())
    seen_here = mcp_url(options["prove_at"] or url)
    key_file: Path = (options["key_file"] or settings.CONFIG_DIR / "codex-mcp-key.txt").resolve()
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
        proofs=run_proofs(_proofs(seen_here, read_key(key_file))),
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


async def _proofs(url: str, key: str) -> tuple[Proof, ...]:
    return tuple([proof async for proof in prove_quietly(url, key)])


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
    yield from _labelled("Proof", *map(proof_line, report.proofs))
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
