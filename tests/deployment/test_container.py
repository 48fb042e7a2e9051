"""The container: what is built, and how it is served."""

from __future__ import annotations

import os
import re
import shlex
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from mcpserver.sandbox import ADA_TOKEN
from tests.accounts.management.node_server import NodeServer
from tests.deployment.compose import COMPOSE_FILES, compose, interpolated
from tests.deployment.image import (
    Image,
    build,
    build_context,
    instructions,
    is_ignored,
    shared_python,
)
from tests.support import PATIENCE_SECONDS, ROOT, Infinity, free_port, running_program

SECRETS = ("DJANGO_SECRET_KEY", "MCP_CREDENTIAL_STORE_KEY")
needs_git = pytest.mark.skipif(not (ROOT / ".git").exists(), reason="this is not a git checkout")
needs_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root can become another user")


@pytest.fixture(scope="module")
def image() -> Iterator[Image]:
    user = dict(instructions())["USER"]
    python = shared_python(user)
    if python is None:
        pytest.skip(f"no Python of this version can be run as user {user}")
    with tempfile.TemporaryDirectory() as folder:
        Path(folder).chmod(0o755)  # pytest's own folders are for root only
        yield build(Path(folder), python)


@contextmanager
def started(image: Image, port: int, log: Path) -> Iterator[subprocess.Popen[bytes]]:
    with running_program(
        *image.as_user(image.command),
        folder=image.root / "app",
        ready_url=f"http://127.0.0.1:{port}/ready",
        log=log,
        env={**image.environment, "HOST": "127.0.0.1", "PORT": str(port)},
    ) as process:
        yield process


@needs_git
def test_from_first_start_to_proof_and_stop(image: Image, tmp_path: Path) -> None:
    port = free_port()
    asleep = image.run_as_user(*image.health, PORT=str(port))

    secrets_made = image.run_as_user("manage.py", "credentials_init")
    with started(image, port, tmp_path / "server.log") as server:  # which makes the database
        set_up = image.run_as_user("manage.py", "quickstart", "--no-serve")
        healthy = image.run_as_user(*image.health, PORT=str(port))
        proof = image.run_as_user(
            *("manage.py", "mcp_check", "--url", f"http://127.0.0.1:{port}"),
            *("--key-file", "config/codex-mcp-key.txt"),
        )
        server.terminate()
        status = server.wait(timeout=PATIENCE_SECONDS)

    assert 1 == asleep.returncode
    for done in (secrets_made, set_up, healthy):
        assert (0, "") == (done.returncode, done.stderr)
    assert 4 == proof.stdout.count("  ok  "), proof.stdout + proof.stderr
    assert 0 == status


@needs_git
def test_a_node_server_is_taken_over_by_the_documented_commands(
    image: Image, infinity: Infinity, tmp_path: Path
) -> None:
    node = NodeServer(tmp_path)
    node.add_profile("team", ADA_TOKEN)
    (tmp_path / "key.txt").write_text(node.add_user("carol", "team"))
    node.save()
    data = image.root / "app/data"
    copies = {
        "mcp-users.json": node.users_file,
        "credentials.enc.json": node.store_file,
        "old-store-key.txt": node.store_key_file,
        "codex-mcp-key.txt": tmp_path / "key.txt",
    }
    for name, original in copies.items():
        shutil.copy(original, data / name)
        if os.geteuid() == 0:
            shutil.chown(data / name, *map(int, image.user.split(":")))
    guide = (ROOT / "docs/upgrade.md").read_text().partition("with Docker Compose\n\n")[2]
    lines = re.findall(r"exec infinity-mcp (manage.py credentials_import(?:.*\\\n)*.*)", guide)
    dry_run, really = (shlex.split(line.replace("\\\n", " ")) for line in lines)
    port = free_port()
    check = ("manage.py", "mcp_check", "--key-file", "data/codex-mcp-key.txt")
    assert " ".join(check[2:]) in guide

    image.run_as_user("manage.py", "credentials_init")
    image.env["INFINITY_API_BASE_URL"] = infinity.url
    with started(image, port, tmp_path / "server.log"):
        done = [image.run_as_user(*command) for command in (dry_run, really)]
        proof = image.run_as_user(*check, "--url", f"http://127.0.0.1:{port}")

    assert [(0, ""), (0, "")] == [(each.returncode, each.stderr) for each in done]
    assert 4 == proof.stdout.count("  ok  "), proof.stdout + proof.stderr


@needs_git
def test_quickstart_tells_paths_and_commands_of_the_host(image: Image) -> None:
    service = {"COMPOSE_SERVICE": "infinity-mcp"}
    secrets_made = image.run_as_user("manage.py", "credentials_init", **service)
    set_up = image.run_as_user("manage.py", "quickstart", "--no-serve", **service)
    (image.root / "app/config/codex-mcp-key.txt").unlink()
    without_key = image.run_as_user("manage.py", "quickstart", "--no-serve", **service)

    manage = "docker compose run --rm infinity-mcp manage.py"
    assert 'export INFINITY_MCP_KEY="$(cat config/codex-mcp-key.txt)"' in set_up.stdout
    assert "To serve: docker compose up -d" in set_up.stdout
    assert f"{manage} changepassword admin" in without_key.stdout
    rotate = "credentials_rotate_user_key --name codex --key-file config/codex-mcp-key.txt"
    assert f"{manage} {rotate}" in without_key.stdout
    for done in (secrets_made, set_up, without_key):
        assert str(image.root) not in done.stdout
        assert "set PORT" not in done.stdout


@needs_git
def test_report_tells_folder_commit_and_files_of_the_host(image: Image) -> None:
    service = {"COMPOSE_SERVICE": "infinity-mcp"}
    image.run_as_user("manage.py", "credentials_init", **service)
    (image.root / "app/config/alice-mcp-key.txt").write_text("mcp_" + "x" * 43)
    (image.root / "app/config/alice-mcp-key.txt").chmod(0o644)
    report = ("manage.py", "install_report", "--key-file=config/alice-mcp-key.txt")
    nowhere = f"--prove-at=http://127.0.0.1:{free_port()}"
    commit = "0123456789abcdef0123456789abcdef01234567"

    host = (
        "--folder=/srv/infinity",
        f"--commit={commit}",
        "--repository=https://x@git.example.org",
    )
    told = image.run_as_user(*report, nowhere, *host, **service).stdout
    not_told = image.run_as_user(*report, nowhere, **service).stdout

    for expected in (
        "Folder      /srv/infinity\n",
        f"Repository  https://git.example.org, commit {commit}\n",
        "Service     Compose service infinity-mcp\n",
        "Database    SQLite /srv/infinity/data/infinity-mcp.sqlite3\n",
        "/srv/infinity/config/secrets.env (secrets and settings, 0600, of user 1000)",
        "Key file    /srv/infinity/config/alice-mcp-key.txt\n",
        '"$(cat /srv/infinity/config/alice-mcp-key.txt)"',
    ):
        assert expected in told
    assert '--folder "$PWD"' in not_told and '--commit "$(git rev-parse HEAD)"' in not_told
    assert '"$(cat config/alice-mcp-key.txt)"' in not_told
    assert str(image.root) not in told + not_told


@needs_git
def test_secrets_are_in_a_private_file_and_not_in_the_environment(image: Image) -> None:
    image.run_as_user("manage.py", "credentials_init")
    file = image.root / "app/config/secrets.env"

    assert 0o600 == file.stat().st_mode & 0o777
    names = set(re.findall(r"^(\w+)=", file.read_text(), re.M))
    assert set(SECRETS) == names
    assert not names & set(image.env)


@needs_git
@needs_root
def test_only_config_and_data_can_be_written(image: Image) -> None:
    outcomes = {
        place: image.run_as_user("touch", f"{image.root}/{place}/probe").returncode == 0
        for place in ("app", "app/accounts", "opt/venv", "app/config", "app/data")
    }

    assert {
        "app": False,
        "app/accounts": False,
        "opt/venv": False,
        "app/config": True,
        "app/data": True,
    } == outcomes


@needs_git
@needs_root
def test_folders_that_docker_made_as_root_are_told_with_the_remedy(image: Image) -> None:
    folders = [image.root / "app/config", image.root / "app/data"]
    secrets_of_tests = {name: os.environ[name] for name in SECRETS}
    service = {"COMPOSE_SERVICE": "infinity-mcp"}
    image.run_as_user("manage.py", "credentials_init")
    secrets_file, aside = folders[0] / "secrets.env", image.root / "aside.env"
    secrets_file.rename(aside)  # there are tokens that only its store key opens

    def said(*command: str, **env: str) -> str:
        return image.run_as_user("manage.py", *command, **service, **env).stderr

    for folder in folders:
        os.chown(folder, 0, 0)
        folder.chmod(0o755)
    try:
        unset = said("mcp_serve", "--migrate")
        no_file = said("credentials_init")
        no_database = said("mcp_serve", "--migrate", **secrets_of_tests)
        no_quickstart = said("quickstart", PORT=str(free_port()))
        folders[0].chmod(0o700)
        no_folder = said("credentials_init")
    finally:
        for folder in folders:
            folder.chmod(0o700)
            os.chown(folder, *map(int, image.user.split(":")))
        aside.rename(secrets_file)

    remedy = "sudo chown -R 1000:1000 config data"
    assert "run --rm infinity-mcp manage.py credentials_init" in unset
    assert "ENV_FILE, config/secrets.env" in unset
    assert "Cannot write ENV_FILE config/secrets.env" in no_file and remedy in no_file
    assert "DATA_DIR" in no_database and remedy in no_database
    assert "DATA_DIR" in no_quickstart and remedy in no_quickstart
    assert "cannot be read: Permission denied" in no_folder and remedy in no_folder


@needs_git
def test_the_run_lock_is_all_that_the_image_needs(image: Image) -> None:
    checked = image.run_as_user("python", "-m", "pip", "check", "--disable-pip-version-check")
    assert 0 == checked.returncode, checked.stdout

    assert (
        0 == image.run_as_user("python", "-c", "import mcpserver.content.filtered_pages").returncode
    )
    assert 0 != image.run_as_user("python", "-c", "import pytest").returncode


@needs_git
def test_build_gets_the_code_and_nothing_private() -> None:
    names = {path.parts[0] for path in build_context()}
    assert {
        "LICENSE",
        "manage.py",
        "requirements.lock",
        "accounts",
        "credentials",
        "infinity_mcp",
        "mcpserver",
        "oauthbridge",
        "templates",
    } == names


@pytest.mark.parametrize(
    "name",
    [
        ".env",
        ".env.production",
        "accounts/.env",
        "config/secrets.env",
        "config/codex-mcp-key.txt",
        "mcpserver/alice-mcp-key.txt",
        "data/infinity-mcp.sqlite3",
        "infinity_mcp/copy.sqlite3-wal",
        "infinity-mcp.backup",
        "notes.txt",
        ".git/config",
    ],
)
def test_private_file_is_not_sent_to_the_build(name: str) -> None:
    assert is_ignored(Path(name))


def test_both_stages_are_of_one_named_version_of_python() -> None:
    bases = {text.split()[0] for name, text in instructions() if name == "FROM"}
    assert 1 == len(bases)
    assert re.fullmatch(r"python:3\.\d+-slim-\w+", bases.pop())


def test_dockerfile_sets_no_secret() -> None:
    for name, text in instructions():
        assert name != "ARG"
        if name == "ENV":
            assert not re.search(r"SECRET|TOKEN|PASSWORD|_KEY\b", text), text


@needs_git
@pytest.mark.parametrize("name", COMPOSE_FILES)
def test_django_finds_nothing_wrong_with_the_settings(image: Image, name: str) -> None:
    image.run_as_user("manage.py", "credentials_init")
    environment = compose(name)["services"]["infinity-mcp"]["environment"]
    settings = {key: interpolated(value) for key, value in environment.items()}

    checked = image.run_as_user(
        *("manage.py", "check", "--deploy", "--fail-level", "WARNING"), **(settings | image.env)
    )
    assert 0 == checked.returncode, checked.stderr
