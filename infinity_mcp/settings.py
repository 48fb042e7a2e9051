"""Django settings, read from the environment and `.env`; `.env.example` explains each variable."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Any

from csp.constants import NONE, SELF, UNSAFE_EVAL, UNSAFE_INLINE

from infinity_mcp.core.sqlite import LOCK_SECONDS
from infinity_mcp.env import Env
from infinity_mcp.telemetry.logs import logging_settings
from infinity_mcp.theme.unfold_settings import UNFOLD  # noqa: F401 - a setting

BASE_DIR = Path(__file__).resolve().parent.parent

env = Env()
ENV_FILE = env.path("ENV_FILE", default=str(BASE_DIR / ".env"))
env.read_file(ENV_FILE)

# --- Places ---------------------------------------------------------------------------------------

# Relative ones are below the project folder, not below the current one.
DATA_DIR = BASE_DIR / env.path("DATA_DIR", default="data")
CONFIG_DIR = BASE_DIR / env.path("CONFIG_DIR", default="config")

# --- Django ---------------------------------------------------------------------------------------

SECRET_KEY = env.str("DJANGO_SECRET_KEY", default="")  # empty: reported by infinity_mcp.checks
DEBUG = False
ALLOWED_HOSTS: list[str] = env.names("ALLOWED_HOSTS", default=["localhost", "127.0.0.1", "[::1]"])

INSTALLED_APPS = [
    # The admin's theme, unfold: its templates come before the admin's own.
    "infinity_mcp.theme.apps.ThemeConfig",
    "unfold.contrib.filters",
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.humanize",
    "django.contrib.staticfiles",
    "oauth2_provider",
    "infinity_mcp",
    "accounts",
    "credentials",
    "mcpserver",
    "oauthbridge",
]

MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "infinity_mcp.errors.clients.ClientMiddleware",
    "infinity_mcp.middleware.Utf8Middleware",
    "csp.middleware.CSPMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "infinity_mcp.middleware.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "mcpserver.audit.actor.ActorMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "infinity_mcp.middleware.AdminTextMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
]

ROOT_URLCONF = "infinity_mcp.urls"
ASGI_APPLICATION = "infinity_mcp.asgi.application"

TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
            ],
        },
    },
]

LANGUAGE_CODE, TIME_ZONE = "en", "UTC"
USE_TZ = True
FORMAT_MODULE_PATH = ["infinity_mcp.formats"]
STATIC_URL = "/static/"
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

# --- Database and cache ---------------------------------------------------------------------------

# Not as a URL, in which characters of a folder's name could have a meaning.
SQLITE = {"ENGINE": "django.db.backends.sqlite3", "NAME": DATA_DIR / "infinity-mcp.sqlite3"}
DATABASES: dict[str, dict[str, Any]] = {
    "default": env.db_url("DATABASE_URL") if env.str("DATABASE_URL", "") else SQLITE
}
if DATABASES["default"]["ENGINE"] == "django.db.backends.sqlite3":
    DATABASES["default"]["OPTIONS"] = {
        # WAL lets readers go on while one process writes; IMMEDIATE makes writers queue
        # instead of failing when two transactions want to become writers at once.
        "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL;",
        "transaction_mode": "IMMEDIATE",
        "timeout": LOCK_SECONDS,
    }

if DATABASES["default"]["ENGINE"] == "django.db.backends.postgresql":
    from infinity_mcp.core.postgresql import Connection

    DATABASES["default"]["CONN_HEALTH_CHECKS"] = True  # whenever a connection leaves the pool
    DATABASES["default"]["OPTIONS"] = {
        "connect_timeout": 5,
        "tcp_user_timeout": 10_000,  # ms: a connection to a machine that vanished is given up
        **DATABASES["default"].get("OPTIONS", {}),
        # For each process: opened as needed; a request waits up to `timeout` seconds for one.
        "pool": {
            **{"min_size": 0, "max_size": 10, "timeout": 3, "reconnect_timeout": 3},
            "max_lifetime": 60,  # s; new sessions have the current settings of the database
            "connection_class": Connection,
        },
    }

CACHES = {"default": env.cache_url("CACHE_URL", default="locmemcache://infinity-mcp")}
# Whether all processes share the counts of their limits.
HAS_REDIS = CACHES["default"]["BACKEND"] == "django.core.cache.backends.redis.RedisCache"
if HAS_REDIS:
    CACHES["default"]["BACKEND"] = "infinity_mcp.core.cache.RedisCache"
    CACHES["default"]["OPTIONS"] = {"socket_timeout": 2, "socket_connect_timeout": 2}
else:
    # Attempts are counted in it: with Django's 300 entries, strangers could push out counts.
    CACHES["default"].setdefault("OPTIONS", {}).setdefault("MAX_ENTRIES", 100_000)

# --- People and sessions --------------------------------------------------------------------------

AUTH_USER_MODEL = "accounts.User"
LOGIN_URL = "login"
LOGIN_REDIRECT_URL = "home"
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "accounts.signin.passwords.MaximumLengthValidator"},
    *(
        {"NAME": f"django.contrib.auth.password_validation.{name}"}
        for name in (
            "UserAttributeSimilarityValidator",
            "MinimumLengthValidator",
            "CommonPasswordValidator",
            "NumericPasswordValidator",
        )
    ),
]

SESSION_ENGINE = "accounts.sessions"
SESSION_COOKIE_AGE = 12 * 60 * 60  # a working day, from sign-in on
SESSION_COOKIE_HTTPONLY = CSRF_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = CSRF_COOKIE_SAMESITE = "Lax"  # Strict would break OAuth's redirects here

# For every page without a policy of its own: nothing from other hosts, and no inline scripts. The
# admin's theme evaluates attributes of its templates (Alpine.js), and has inline styles.
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [NONE],
        "script-src": [SELF, UNSAFE_EVAL],
        "style-src": [SELF, UNSAFE_INLINE],
        "font-src": [SELF],
        "img-src": [SELF, "data:"],
        "connect-src": [SELF],
        "form-action": [SELF],
        "base-uri": [NONE],
        "frame-ancestors": [NONE],
    }
}

# --- The secrets of Infinity ----------------------------------------------------------------------

# Comma-separated: the first key encrypts, all decrypt.
CREDENTIAL_STORE_KEYS: list[str] = env.names("MCP_CREDENTIAL_STORE_KEY")

# --- Infinity -------------------------------------------------------------------------------------

INFINITY_API_BASE_URL = env.str(
    "INFINITY_API_BASE_URL", default="https://app.startinfinity.com/api/v2"
)
INFINITY_API_VERSION = env.str("INFINITY_API_VERSION", default="2026-04-20.morava")
INFINITY_API_TOKEN = env.str("INFINITY_API_TOKEN", default="")  # stdio only

# Infinity allows 180 a minute.
INFINITY_REQUESTS_PER_MINUTE = env.int("INFINITY_REQUESTS_PER_MINUTE", default=180)

# --- The server -----------------------------------------------------------------------------------

TRANSPORT = env.str("TRANSPORT", default="http")
HOST = env.str("HOST", default="127.0.0.1")
PORT = env.int("PORT", default=3015)
WORKERS = env.int("WORKERS", default=1)
# Seconds after SIGTERM in which /ready answers 503 and connections are still accepted.
DRAIN_SECONDS = env.int("DRAIN_SECONDS", default=0)

# Addresses of proxies whose X-Forwarded-For and X-Forwarded-Proto are trusted; by default none.
TRUSTED_PROXIES: list[str] = env.names("TRUSTED_PROXIES")

# Browser pages that may call /mcp; `:*` stands for any port. Other agents send no Origin.
MCP_ALLOWED_ORIGINS: list[str] = env.names(
    "MCP_ALLOWED_ORIGINS", default=["http://localhost:*", "http://127.0.0.1:*"]
)
MCP_MAX_REQUEST_BYTES = env.int("MCP_MAX_REQUEST_BYTES", default=4 * 1024 * 1024)
# Most calls of each MCP user: a minute, and at the same time in one process.
MCP_REQUESTS_PER_MINUTE = env.int("MCP_REQUESTS_PER_MINUTE", default=600)
MCP_CONCURRENT_REQUESTS = env.int("MCP_CONCURRENT_REQUESTS", default=32)
# How long a process caches what it found about a key or token; docs/security.md promises a second.
CREDENTIAL_CACHE_SECONDS = env.float("CREDENTIAL_CACHE_SECONDS", default=1.0)
MCP_RESULT_TEXT_CHARACTERS = env.int("MCP_RESULT_TEXT_CHARACTERS", default=25_000)

# --- The audit log --------------------------------------------------------------------------------

# At most a hundred years: 999999 days ago is before the first year that a date can have.
AUDIT_RETENTION_DAYS = min(env.int("AUDIT_RETENTION_DAYS", default=365), 36_500)

# --- OAuth ----------------------------------------------------------------------------------------

PUBLIC_URL = env.str("OAUTH_PUBLIC_URL", default="").rstrip("/")
MCP_URL = f"{PUBLIC_URL}/mcp"  # the resource that every OAuth token is bound to

OAUTH_ENABLED = env.bool("OAUTH_ENABLED", default=False)
OAUTH_CLIENT_ID = env.str("OAUTH_CLIENT_ID", default="")
OAUTH_CLIENT_SECRET = env.str("OAUTH_CLIENT_SECRET", default="")
OAUTH_ALLOWED_REDIRECT_ORIGINS: list[str] = env.names("OAUTH_ALLOWED_REDIRECT_ORIGINS")
OAUTH_MCP_USER = env.str("OAUTH_MCP_USER", default="")
OAUTH_ALLOWED_TOOLS: list[str] = env.names("OAUTH_ALLOWED_TOOLS")
OAUTH_DYNAMIC_REGISTRATION = env.bool("OAUTH_DYNAMIC_REGISTRATION", default=False)
OAUTH_ALLOWED_REDIRECT_SCHEMES: list[str] = env.names("OAUTH_ALLOWED_REDIRECT_SCHEMES")

OAUTH_CONNECTION_LIFETIME = timedelta(days=90)  # from consent, however often it is refreshed
# How long a refresh token that was just exchanged may be exchanged again (docs/oauth.md).
OAUTH_REFRESH_GRACE = timedelta(seconds=30)

OAUTH2_PROVIDER_APPLICATION_MODEL = "oauthbridge.Application"
OAUTH2_PROVIDER_GRANT_MODEL = "oauthbridge.Grant"
OAUTH2_PROVIDER_ACCESS_TOKEN_MODEL = "oauthbridge.AccessToken"
OAUTH2_PROVIDER_REFRESH_TOKEN_MODEL = "oauthbridge.RefreshToken"
OAUTH2_PROVIDER_ID_TOKEN_MODEL = "oauth2_provider.IDToken"  # unused, but migrations need it
OAUTH2_PROVIDER: dict[str, Any] = {
    "OAUTH2_VALIDATOR_CLASS": "oauthbridge.server.validator.Validator",
    "OAUTH2_BACKEND_CLASS": "oauthbridge.server.backend.Backend",
    # Descriptions on the consent page.
    "SCOPES": {
        "infinity:read": "Read workspaces, boards, items and comments",
        "infinity:write": "Create and change items, comments, folders, attributes and webhooks",
        "infinity:admin": "Archive and delete things, and manage the members of workspaces",
    },
    "AUTHORIZATION_CODE_EXPIRE_SECONDS": 5 * 60,
    "ACCESS_TOKEN_EXPIRE_SECONDS": 60 * 60,
    "REFRESH_TOKEN_EXPIRE_SECONDS": 30 * 24 * 60 * 60,  # after the last access token ended
    "REFRESH_TOKEN_REUSE_PROTECTION": True,
    "ALLOWED_REDIRECT_URI_SCHEMES": ["https"],  # Application allows more, see redirects.py
    "PKCE_REQUIRED": True,
    "COMPLIANT_BCP_RFC9700_IMPLICIT_GRANT": True,
    "COMPLIANT_BCP_RFC9700_PASSWORD_GRANT": True,
    "COMPLIANT_BCP_RFC9700_PKCE_METHOD": True,
    "COMPLIANT_BCP_RFC9700_ACCESS_TOKEN_TRANSPORT": True,
    "COMPLIANT_BCP_RFC9700_AUTHZ_RESPONSE_ISS": True,
    "COMPLIANT_BCP_RFC9700_TOKEN_STORAGE": True,
    "COMPLIANT_BCP_RFC9700_REFRESH_TOKEN": True,
    "COMPLIANT_BCP_RFC9700_REDIRECT_URI_SCHEME": True,
    "COMPLIANT_BCP_RFC9700_REDIRECT_URI_MATCHING": True,
    "COMPLIANT_BCP_RFC9700_PKCE_REQUIRED": True,
    # Discovery documents have this address, never one from the request.
    "OIDC_ISS_ENDPOINT": PUBLIC_URL,
    "OAUTH2_PROTECTED_RESOURCE_IDENTIFIER": MCP_URL,
    "OAUTH2_PROTECTED_RESOURCE_NAME": "Infinity MCP",
    "OAUTH2_RESPONSE_TYPES_SUPPORTED": ["code"],
    "OAUTH2_GRANT_TYPES_SUPPORTED": ["authorization_code", "refresh_token"],
    "OAUTH2_TOKEN_ENDPOINT_AUTH_METHODS_SUPPORTED": [
        "client_secret_post",
        "client_secret_basic",
        "none",
    ],
    "DCR_ENABLED": OAUTH_DYNAMIC_REGISTRATION,
}

# --- Logs -----------------------------------------------------------------------------------------

LOG_FORMAT = env.str("LOG_FORMAT", default="text")
if LOG_FORMAT not in ("text", "json"):
    raise env.wrong("LOG_FORMAT", "must be text or json")

LOGGING = logging_settings(LOG_FORMAT)

# --- Metrics and traces ---------------------------------------------------------------------------

METRICS_TOKEN = env.str("METRICS_TOKEN", default="")  # empty: there is no /metrics
OTEL_EXPORTER_OTLP_ENDPOINT = env.str("OTEL_EXPORTER_OTLP_ENDPOINT", default="")

# --- HTTPS ----------------------------------------------------------------------------------------

# Depends on the public address: behind an HTTPS proxy, cookies are secure and HSTS is sent; on
# http://127.0.0.1 browsers would drop secure cookies, and sign-in would be impossible.
SERVED_OVER_HTTPS = PUBLIC_URL.startswith("https://")
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = SERVED_OVER_HTTPS
SECURE_HSTS_SECONDS = 31_536_000 if SERVED_OVER_HTTPS else 0
SECURE_HSTS_INCLUDE_SUBDOMAINS = SECURE_HSTS_PRELOAD = False
CSRF_TRUSTED_ORIGINS = [PUBLIC_URL] if SERVED_OVER_HTTPS else []
X_FRAME_OPTIONS = "DENY"
CSRF_FAILURE_VIEW = "infinity_mcp.errors.handlers.csrf_failure"

SILENCED_SYSTEM_CHECKS = [
    "security.W008",  # the proxy redirects to HTTPS; probes ask /health over plain HTTP
    "security.W005",  # the owner of the domain decides whether subdomains are HTTPS-only
    "security.W021",  # and whether it is in the browsers' preload list
]
if not SERVED_OVER_HTTPS:  # see above; infinity_mcp.W001 warns when this server is not local
    SILENCED_SYSTEM_CHECKS += ["security.W004", "security.W012", "security.W016"]

UNKNOWN_SETTINGS = env.unknown()  # names in ENV_FILE that are no settings
