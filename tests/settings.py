"""Settings of the test suite: nothing is read from the developer's own `.env`."""

from __future__ import annotations

import atexit
import os
import secrets
import tempfile
from pathlib import Path

from cryptography.fernet import Fernet

_folder = tempfile.TemporaryDirectory(prefix="infinity-mcp-tests-")
atexit.register(_folder.cleanup)
_scratch = Path(_folder.name)

os.environ["ENV_FILE"] = str(_scratch / "absent.env")
os.environ["DATA_DIR"] = str(_scratch)
os.environ["CONFIG_DIR"] = str(_scratch / "config")
os.environ.setdefault("DJANGO_SECRET_KEY", secrets.token_urlsafe(50))
os.environ.setdefault("MCP_CREDENTIAL_STORE_KEY", Fernet.generate_key().decode())

from infinity_mcp.settings import *  # noqa: E402, F403
from infinity_mcp.settings import DATABASES  # noqa: E402
from tests.postgresql import own_name  # noqa: E402

# Servers that tests start run in processes of their own, so the test database is a file they share.
if DATABASES["default"]["ENGINE"] == "django.db.backends.sqlite3":
    DATABASES["default"]["TEST"] = {"NAME": str(_scratch / "test.sqlite3")}
else:
    DATABASES["default"]["ENGINE"] = "tests.postgresql"
    DATABASES["default"]["TEST"] = {"NAME": own_name(DATABASES["default"]["NAME"])}
    # What a crash of the machine would lose, tests do not miss.
    DATABASES["default"].setdefault("OPTIONS", {})["options"] = "-c synchronous_commit=off"
    # Threads of tests hold a connection each for as long as they like.
    DATABASES["default"]["OPTIONS"].pop("pool", None)

PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
