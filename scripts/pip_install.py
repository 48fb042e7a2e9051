"""Runs pip install for the Python that runs this, ignoring most options of pip.conf and PIP_….

Only options about the package index and the connection to it are kept.
"""

from __future__ import annotations

import ast
import os
import subprocess
import sys

KEPT = {
    *("index-url", "extra-index-url", "find-links", "no-index", "trusted-host"),
    *("proxy", "cert", "client-cert", "keyring-provider", "timeout", "default-timeout", "retries"),
    *("cache-dir", "no-cache-dir", "root-user-action"),
}
PIP = (sys.executable, "-m", "pip", "--disable-pip-version-check")


def main() -> None:
    """Run `pip install` with the arguments of this script."""
    kept = kept_options()
    others = {name: value for name, value in os.environ.items() if not name.startswith("PIP_")}
    environment = {**others, **kept, "PIP_CONFIG_FILE": os.devnull}  # for pip: no file
    command = [*PIP, "install", "-qq", *sys.argv[1:]]
    sys.exit(subprocess.run(command, env=environment).returncode)


def kept_options() -> dict[str, str]:
    """The options of KEPT as variables; later sources win: files, their `install`, environment."""
    listing = subprocess.run(
        [*PIP, "config", "list"],
        env={**os.environ, "PIP_QUIET": "0", "PIP_VERBOSE": "0"},
        stdout=subprocess.PIPE,
        text=True,
    )
    if listing.returncode:
        sys.exit(listing.returncode)  # pip has said why
    found = {}
    for part in ("global", "install", ":env:"):
        for line in listing.stdout.splitlines():
            key, _, value = line.partition("=")
            name = key.removeprefix(f"{part}.")
            if name != key and name in KEPT:
                found["PIP_" + name.upper().replace("-", "_")] = str(ast.literal_eval(value))
    return found


if __name__ == "__main__":
    try:
        main()
    except KeyboardInterrupt:  # the script that runs this says so
        sys.exit(130)
