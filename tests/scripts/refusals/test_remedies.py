"""Every command in a message or a document can be run as it is."""

from __future__ import annotations

import ast
import re
import shlex
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest
from django.core.management import CommandError, get_commands, load_command_class

from tests.support import ROOT

CODE = ("accounts", "credentials", "infinity_mcp", "mcpserver", "oauthbridge")
DOCUMENTS = [*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md"), *ROOT.glob("skills/**/*.md")]
DOCUMENTS = [path for path in DOCUMENTS if path.name != "CHANGELOG.md"] + [ROOT / ".env.example"]
# What is put in while the program runs, and what a reader is to put in.
PUT_IN = "VALUE"


class Told(NamedTuple):
    place: str
    command: str

    def __str__(self) -> str:
        return f"{self.place}: {self.command}"


def told_by_code() -> Iterator[Told]:
    for path in sorted(path for folder in CODE for path in ROOT.glob(f"{folder}/**/*.py")):
        tree = ast.parse(path.read_text())
        docstrings = {id(text) for text in docstrings_of(tree)}
        for node in ast.walk(tree):
            place = f"{path.relative_to(ROOT)}:{getattr(node, 'lineno', 0)}"
            if isinstance(node, ast.JoinedStr | ast.Constant) and id(node) not in docstrings:
                for command in re.findall(r"`manage\.py ([^`]+)`", text_of(node)):
                    yield Told(place, command)
            if isinstance(node, ast.Call) and getattr(node.func, "id", "") == "manage":
                words = [text_of(each) for each in node.args if not isinstance(each, ast.Starred)]
                yield from [Told(place, shlex.join(words))] if words else []


def docstrings_of(tree: ast.Module) -> Iterator[ast.expr]:
    for node in ast.walk(tree):
        body = getattr(node, "body", None)
        if isinstance(body, list) and body and isinstance(body[0], ast.Expr):
            yield body[0].value


def text_of(node: ast.expr) -> str:
    if isinstance(node, ast.JoinedStr):
        return "".join(map(text_of, node.values))
    if isinstance(node, ast.Constant):
        return str(node.value).replace("%s", PUT_IN)
    return PUT_IN


def told_by_documents() -> Iterator[Told]:
    for path in DOCUMENTS:
        text = path.read_text().replace("\\\n", " ")
        for found in re.finditer(r"manage\.py ([a-z_]+\b[^`\n|;<>]*)", text):
            yield Told(str(path.relative_to(ROOT)), found[1].rstrip(" ."))


def parse(command: str) -> None:
    """Raises CommandError for what the command does not take."""
    name, *arguments = shlex.split(command, comments=True)
    assert name in get_commands(), f"there is no command {name}"
    load_command_class(str(get_commands()[name]), name).create_parser("manage.py", name).parse_args(
        arguments
    )


@pytest.mark.parametrize("told", sorted({*told_by_code(), *told_by_documents()}), ids=str)
def test_a_command_that_is_told_can_be_run(told: Told) -> None:
    try:
        parse(told.command)
    except CommandError as error:
        pytest.fail(f"{told}: {error}")


def test_commands_to_run_are_in_backquotes_so_that_they_are_told_with_their_path() -> None:
    bare = [
        f"{path.relative_to(ROOT)}: {text}"
        for path in sorted(path for folder in CODE for path in ROOT.glob(f"{folder}/**/*.py"))
        for text in bare_commands(path)
    ]
    assert [] == bare


def bare_commands(path: Path) -> Iterator[str]:
    tree = ast.parse(path.read_text())
    docstrings = {id(text) for text in docstrings_of(tree)}
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and id(node) not in docstrings:
            command = r"(?:manage\.py [a-z_]+|credentials_[a-z_]+)"
            yield from re.findall(rf"(?:run|see|use|with) {command}", str(node.value))
