"""What the Compose files promise."""

from __future__ import annotations

import re
from ipaddress import IPv4Address, IPv4Network

import pytest

from tests.deployment.compose import COMPOSE_FILES, compose
from tests.deployment.image import (
    instructions,
)


def test_the_server_is_what_a_newcomer_expects() -> None:
    server = compose("docker-compose.yml")["services"]["infinity-mcp"]

    assert ["127.0.0.1:3015:3000"] == server["ports"]
    assert ["./config:/app/config", "./data:/app/data"] == server["volumes"]
    assert [{"path": ".env", "required": False}] == server["env_file"]
    assert "unless-stopped" == server["restart"]


@pytest.mark.parametrize("name", COMPOSE_FILES)
def test_server_may_do_no_more_than_it_needs(name: str) -> None:
    server = compose(name)["services"]["infinity-mcp"]

    assert server["read_only"] is True
    assert ["/tmp"] == server["tmpfs"]
    assert ["ALL"] == server["cap_drop"]
    assert ["no-new-privileges:true"] == server["security_opt"]
    assert "user" not in server and "privileged" not in server  # the image's own user
    assert "70s" == server["stop_grace_period"]  # mcp_serve lets calls end for 60 s


@pytest.mark.parametrize("name", COMPOSE_FILES)
def test_places_are_those_of_the_image_whatever_env_says(name: str) -> None:
    environment = compose(name)["services"]["infinity-mcp"]["environment"]
    places = ("TRANSPORT", "HOST", "PORT", "DATA_DIR", "CONFIG_DIR", "ENV_FILE")
    variables = dict(
        assignment.split("=", 1)
        for instruction, text in instructions()
        if instruction == "ENV"
        for assignment in text.split()
    )

    assert {place: variables[place] for place in places} == {
        place: environment[place] for place in places
    }


@pytest.mark.parametrize("name", COMPOSE_FILES)
def test_commands_know_the_service_to_name(name: str) -> None:
    services = compose(name)["services"]
    assert services["infinity-mcp"]["environment"]["COMPOSE_SERVICE"] == "infinity-mcp"


@pytest.mark.parametrize("name", COMPOSE_FILES)
def test_no_secret_is_in_the_environment_of_a_service(name: str) -> None:
    for service in compose(name)["services"].values():
        for variable in service.get("environment", {}):
            assert not re.search(r"(SECRET|TOKEN|PASSWORD|_KEY|DATABASE_URL)$", variable)


def test_several_servers_start_after_one_migration() -> None:
    services = compose("docker-compose.scale.yml")["services"]

    assert services["infinity-mcp"]["deploy"]["replicas"] >= 2
    assert ["manage.py", "mcp_serve"] == services["infinity-mcp"]["command"]
    assert ["manage.py", "migrate"] == services["migrate"]["command"]
    needed = services["infinity-mcp"]["depends_on"]["migrate"]
    assert {"condition": "service_completed_successfully"} == needed


def test_only_caddy_is_published_and_only_caddy_is_believed() -> None:
    services = compose("docker-compose.scale.yml")["services"]
    address = services["caddy"]["networks"]["inside"]["ipv4_address"]

    assert ["caddy"] == [name for name, service in services.items() if "ports" in service]
    assert address == services["infinity-mcp"]["environment"]["TRUSTED_PROXIES"]


def test_nobody_else_can_be_given_the_address_of_caddy() -> None:
    content = compose("docker-compose.scale.yml")
    address = IPv4Address(content["services"]["caddy"]["networks"]["inside"]["ipv4_address"])
    (pool,) = content["networks"]["inside"]["ipam"]["config"]
    subnet, given_out = IPv4Network(pool["subnet"]), IPv4Network(pool["ip_range"])

    assert given_out.subnet_of(subnet)
    assert address in subnet and address not in given_out
    assert address != next(subnet.hosts())  # the gateway's


def test_caddy_is_one_that_asks_another_replica() -> None:
    """See docs/scaling.md; 2.11.6 cuts streams off."""
    image = compose("docker-compose.scale.yml")["services"]["caddy"]["image"]
    assert (2, 11, 7) <= tuple(map(int, image.removeprefix("caddy:").split(".")))


def test_images_of_others_have_a_version() -> None:
    services = compose("docker-compose.scale.yml")["services"].values()
    (ours,) = (service["image"] for service in services if "build" in service)
    others = [service["image"] for service in services if service["image"] != ours]
    assert others
    assert all(re.search(r":\d", image) for image in others)
