"""The documentation agrees with the code."""

from __future__ import annotations

import ast
import re
import shlex
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from django.conf import settings
from django.core.management import get_commands, load_command_class

from mcpserver.tools import tool_names

ROOT = Path(settings.BASE_DIR)
SKILL = ROOT / "skills/infinity-mcp/SKILL.md"
DOCUMENTS = [*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md"), SKILL]
TEXTS = [*DOCUMENTS, ROOT / ".env.example"]
NOT_SET = object()


def relative(path: Path) -> str:
    return str(path.relative_to(ROOT))


def settings_variables() -> dict[str, Any]:
    """NAME -> default of every `env.<type>("NAME", default=…)`; NOT_SET when it is computed."""
    tree = ast.parse((ROOT / "infinity_mcp/settings.py").read_text())
    return {
        str(node.args[0].value): default_of(node)
        for node in ast.walk(tree)
        if isinstance(node, ast.Call)
        and isinstance(node.func, ast.Attribute)
        and isinstance(node.func.value, ast.Name)
        and node.func.value.id == "env"
        and node.args
        and isinstance(node.args[0], ast.Constant)
    }


def default_of(call: ast.Call) -> Any:
    for keyword in call.keywords:
        if keyword.arg == "default":
            try:
                return ast.literal_eval(keyword.value)
            except ValueError:  # a computed default, described in words
                return NOT_SET
    return NOT_SET


def documented_variables() -> dict[str, str]:
    lines = re.findall(r"^# ([A-Z][A-Z_]+)=(.*)$", (ROOT / ".env.example").read_text(), re.M)
    return dict(lines)


def test_env_example_lists_the_variables_that_settings_read() -> None:
    assert sorted(settings_variables()) == sorted(documented_variables())


@pytest.mark.parametrize("name", sorted(settings_variables()))
def test_env_example_shows_the_default(name: str) -> None:
    default = settings_variables()[name]
    if default is NOT_SET:
        return
    if isinstance(default, list):
        default = ",".join(default)
    assert str(default) == documented_variables()[name]


def test_configuration_is_written_from_env_example() -> None:
    check = [sys.executable, str(ROOT / "scripts" / "docs"), "--check"]
    done = subprocess.run(check, capture_output=True, text=True)
    assert (0, "") == (done.returncode, done.stderr)


def commands_named_in(path: Path) -> Iterator[tuple[str, list[str]]]:
    """(command, its options) for every `manage.py …` and every `credentials_…` in a document."""
    text = path.read_text().replace("\\\n", " ")
    for match in re.finditer(r"(?:manage\.py |\b(?=credentials_[a-z]))([a-z_]+)([^\n`]*)", text):
        command, rest = match.groups()
        yield command, re.findall(r"(?<!\S)--[a-z][a-z-]*", rest)


@pytest.mark.parametrize("path", TEXTS, ids=relative)
def test_commands_and_options_that_are_named_exist(path: Path) -> None:
    for command, options in commands_named_in(path):
        assert command in get_commands(), f"{relative(path)} names an unknown command"
        app = get_commands()[command]
        parser = load_command_class(str(app), command).create_parser("manage.py", command)
        assert set(options) <= set(parser._option_string_actions), f"manage.py {command}"


@pytest.mark.parametrize("path", TEXTS, ids=relative)
def test_tools_that_are_named_exist(path: Path) -> None:
    named = set(re.findall(r"\binfinity_(?!mcp_)[a-z0-9_]+[a-z0-9]\b", path.read_text()))
    assert named <= {*tool_names(), "infinity_mcp", "infinity_sandbox"}


@pytest.mark.parametrize("path", DOCUMENTS, ids=relative)
def test_variables_that_are_named_exist(path: Path) -> None:
    """Those in a family of ours; others are of programs that are described."""
    families = (
        r"`((?:MCP|OAUTH|INFINITY|DJANGO|ALLOWED|TRUSTED|CACHE|DATABASE)_[A-Z_]+)(?:=[^`]*)?`"
    )
    named = set(re.findall(families, path.read_text()))
    of_others = {"INFINITY_MCP_KEY", "DJANGO_SETTINGS_MODULE"}
    assert named <= {*documented_variables(), *of_others}


def test_documented_limits_of_names_are_those_of_the_longest_tool() -> None:
    longest = max(tool_names(), key=len)
    named = f"mcp__infinity__{longest}"
    page = " ".join((ROOT / "docs/clients.md").read_text().split())

    assert f"`{named}`, has {len(named)}." in page
    assert f"at most {64 - len(longest) - len('mcp____')} characters" in page
    assert f"{59 - len(longest)} are left for the server's" in page


def rendered_texts() -> list[str]:
    """Every text in the code, with … for what is put in while it runs."""
    folders = ("accounts", "credentials", "infinity_mcp", "mcpserver", "oauthbridge")
    files = [
        ROOT / "manage.py",
        *(path for name in folders for path in ROOT.glob(f"{name}/**/*.py")),
    ]
    return [
        rendered(node)
        for path in files
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.JoinedStr | ast.Constant)
    ]


def rendered(node: ast.expr) -> str:
    if isinstance(node, ast.JoinedStr):
        return "".join(map(rendered, node.values))
    return str(node.value) if isinstance(node, ast.Constant) else "…"


def test_quoted_messages_are_those_of_the_code() -> None:
    texts = rendered_texts()
    quoted = re.findall(r"“([^”]+)”", (ROOT / "docs/troubleshooting.md").read_text())
    quoted.remove("quotation marks")
    assert len(quoted) > 20
    unknown = [quote for quote in quoted if not any(quote.rstrip("…") in text for text in texts)]
    assert [] == unknown


def test_skill_says_what_it_is_for() -> None:
    _, matter, text = SKILL.read_text().split("---\n", 2)
    described = yaml.safe_load(matter)

    assert {"name", "description"} == set(described)
    assert SKILL.parent.name == described["name"]
    assert 50 < len(described["description"]) <= 1024
    assert text.strip()


@pytest.mark.parametrize("path", TEXTS, ids=relative)
def test_scripts_that_are_named_can_be_run(path: Path) -> None:
    for script in set(re.findall(r"(?<![\w/.])(?:scripts|\.ci)/[a-z]+", path.read_text())):
        assert (ROOT / script).stat().st_mode & 0o111, f"{relative(path)}: {script}"


@pytest.mark.parametrize("path", DOCUMENTS, ids=relative)
def test_relative_links_lead_somewhere(path: Path) -> None:
    for link in re.findall(r"\]\((?!https?:)([^)]+)\)", path.read_text()):
        target, _, anchor = link.partition("#")
        document = path.parent / target if target else path
        assert document.exists(), f"{relative(path)} links to {link}"
        assert not anchor or anchor in anchors_of(document), f"{relative(path)} links to {link}"


def anchors_of(path: Path) -> set[str]:
    titles = re.findall(r"^#+ (.*)$", path.read_text(), re.M)
    return {re.sub(r"[^\w -]", "", title).lower().replace(" ", "-") for title in titles}


def test_readme_stays_short() -> None:
    assert len((ROOT / "README.md").read_text().splitlines()) <= 130


def project_files() -> list[Path]:
    """Every text file that is, or would be, under version control."""
    command = shlex.split("git ls-files --cached --others --exclude-standard -z")
    listing = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    if listing.returncode:
        pytest.skip("this is not a git checkout")
    paths = [ROOT / name for name in listing.stdout.split("\0") if name]
    return [path for path in paths if path.is_file() and b"\0" not in path.read_bytes()]


def test_no_file_names_a_machine_or_a_package_registry() -> None:
    places = r"(?<![\w.>)}])/(?:root|home|Users|work|tmp|opt/pypi)/"
    hosts = "|".join(
        map(re.escape, ("py" + "pi.org", "python" + "hosted.org", "registry." + "npmjs"))
    )
    pattern = re.compile(f"{places}|{hosts}")
    found = [
        f"{relative(path)}: {match.group()}"
        for path in project_files()
        if (match := pattern.search(path.read_text()))
    ]
    assert [] == found
