"""Settings, read from the environment and from `.env`. `.env.example` explains every variable."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Any

from csp.constants import NONE, SELF, UNSAFE_EVAL, UNSAFE_INLINE

from infinity_mcp.env import Env
from infinity_mcp.sqlite import LOCK_SECONDS

BASE_DIR = Path(__file__).resolve().parent.parent

env = Env()
ENV_FILE = Path(env.str("ENV_FILE", default=str(BASE_DIR / ".env")))
env.read_file(ENV_FILE)

# --- Places ---------------------------------------------------------------------------------------

# Relative ones are below the project folder, wherever a command is run from.
DATA_DIR = BASE_DIR / env.str("DATA_DIR", default="data")
CONFIG_DIR = BASE_DIR / env.str("CONFIG_DIR", default="config")

# --- Django ---------------------------------------------------------------------------------------

SECRET_KEY = env.str("DJANGO_SECRET_KEY", default="")  # empty: reported by infinity_mcp.checks
DEBUG = False
ALLOWED_HOSTS: list[str] = env.names("ALLOWED_HOSTS", default=["localhost", "127.0.0.1", "[::1]"])

INSTALLED_APPS = [
    "unfold",  # the admin's theme: its templates come before the admin's own
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
    "infinity_mcp.clients.ClientMiddleware",
    "infinity_mcp.middleware.Utf8Middleware",
    "csp.middleware.CSPMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "infinity_mcp.middleware.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "mcpserver.origin.OriginMiddleware",
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

LANGUAGE_CODE = "en"
TIME_ZONE = "UTC"
USE_TZ = True
FORMAT_MODULE_PATH = ["infinity_mcp.formats"]
STATIC_URL = "/static/"
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

# Of the admin's theme; what is in its menu is said by infinity_mcp.menu.
UNFOLD = {
    "SITE_TITLE": "Infinity MCP",
    "SITE_HEADER": "Infinity MCP",
    "SITE_SYMBOL": "hub",
    "SITE_URL": None,
    "SHOW_VIEW_ON_SITE": False,
    "BORDER_RADIUS": "8px",
    "COLORS": {  # a blue; 500 is light enough to be read on a dark page
        "primary": {
            "50": "oklch(97% .014 254.6)",
            "100": "oklch(93.2% .032 255.6)",
            "200": "oklch(88.2% .059 254.1)",
            "300": "oklch(80.9% .105 251.8)",
            "400": "oklch(76% .135 253)",
            "500": "oklch(70.7% .165 254.6)",
            "600": "oklch(50% .2 262)",
            "700": "oklch(44% .19 264)",
            "800": "oklch(38% .16 265)",
            "900": "oklch(33% .13 265)",
            "950": "oklch(26% .09 267)",
        }
    },
    "STYLES": [f"{STATIC_URL}mcpserver/admin.css"],
    "SCRIPTS": [f"{STATIC_URL}mcpserver/admin.js"],
    "DASHBOARD_CALLBACK": "mcpserver.dashboard.add_dashboard",
    "SIDEBAR": {"navigation": "infinity_mcp.menu.navigation"},
}

# --- Database and cache ---------------------------------------------------------------------------

# Not as a URL, in which a folder's name could mean something else.
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
    from infinity_mcp.postgresql import Connection

    DATABASES["default"]["CONN_HEALTH_CHECKS"] = True  # of each one that leaves the pool
    DATABASES["default"]["OPTIONS"] = {
        "connect_timeout": 5,
        "tcp_user_timeout": 10_000,  # ms: a connection to a machine that vanished is given up
        **DATABASES["default"].get("OPTIONS", {}),
        # Of each process: opened as needed, and a request waits so long (s) for its turn.
        "pool": {
            **{"min_size": 0, "max_size": 10, "timeout": 3, "reconnect_timeout": 3},
            "max_lifetime": 60,  # what was set for a session when it began ends with it
            "connection_class": Connection,
        },
    }

CACHES = {"default": env.cache_url("CACHE_URL", default="locmemcache://infinity-mcp")}
# Whether all processes count together what they limit.
HAS_REDIS = CACHES["default"]["BACKEND"] == "django.core.cache.backends.redis.RedisCache"
if HAS_REDIS:
    CACHES["default"]["BACKEND"] = "infinity_mcp.cache.RedisCache"
    CACHES["default"]["OPTIONS"] = {"socket_timeout": 2, "socket_connect_timeout": 2}
else:
    # Attempts are counted in it: with Django's 300, strangers could push each other's out.
    CACHES["default"].setdefault("OPTIONS", {}).setdefault("MAX_ENTRIES", 100_000)

# --- People and sessions --------------------------------------------------------------------------

AUTH_USER_MODEL = "accounts.User"
LOGIN_URL = "login"
LOGIN_REDIRECT_URL = "home"
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "accounts.passwords.MaximumLengthValidator"},
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
SESSION_COOKIE_SAMESITE = CSRF_COOKIE_SAMESITE = "Lax"  # Strict would sign out who comes from OAuth

# Of every page that does not bring its own: nothing from elsewhere, and no script within pages. The
# admin's theme evaluates attributes of its templates (Alpine.js), and has a style within its pages.
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

# A function without arguments; accounts itself knows no tools.
TOOL_NAMES = "mcpserver.server.tool_names"

# --- The secrets of Infinity ----------------------------------------------------------------------

# Comma-separated: the first key encrypts, all decrypt.
CREDENTIAL_STORE_KEYS: list[str] = env.names("MCP_CREDENTIAL_STORE_KEY")

# --- Infinity -------------------------------------------------------------------------------------

INFINITY_API_BASE_URL = env.str(
    "INFINITY_API_BASE_URL", default="https://app.startinfinity.com/api/v2"
)
INFINITY_API_VERSION = env.str("INFINITY_API_VERSION", default="2026-04-20.morava")
INFINITY_API_TOKEN = env.str("INFINITY_API_TOKEN", default="")  # stdio only

# Infinity allows 180 a minute; a call waits for its turn so long, and is then told to come back.
INFINITY_REQUESTS_PER_MINUTE = env.int("INFINITY_REQUESTS_PER_MINUTE", default=180)
INFINITY_MAX_WAIT_SECONDS = env.int("INFINITY_MAX_WAIT_SECONDS", default=20)

# --- The server -----------------------------------------------------------------------------------

TRANSPORT = env.str("TRANSPORT", default="http")
HOST = env.str("HOST", default="127.0.0.1")
PORT = env.int("PORT", default=3015)
WORKERS = env.int("WORKERS", default=1)
# After SIGTERM: so long /ready says 503 before no more connections are accepted.
DRAIN_SECONDS = env.int("DRAIN_SECONDS", default=0)

# Addresses of proxies whose X-Forwarded-For and -Proto are believed; nobody's unless named here.
TRUSTED_PROXIES: list[str] = env.names("TRUSTED_PROXIES")

# Browser pages that may call /mcp; `:*` stands for any port. Other agents send no Origin.
MCP_ALLOWED_ORIGINS: list[str] = env.names(
    "MCP_ALLOWED_ORIGINS", default=["http://localhost:*", "http://127.0.0.1:*"]
)
MCP_MAX_REQUEST_BYTES = env.int("MCP_MAX_REQUEST_BYTES", default=4 * 1024 * 1024)
# Of each MCP user: calls a minute, and at the same time in one process.
MCP_REQUESTS_PER_MINUTE = env.int("MCP_REQUESTS_PER_MINUTE", default=600)
MCP_CONCURRENT_REQUESTS = env.int("MCP_CONCURRENT_REQUESTS", default=32)
# So long a process goes by what it found about a key or token; security.md allows one second.
CREDENTIAL_CACHE_SECONDS = env.float("CREDENTIAL_CACHE_SECONDS", default=1.0)
MCP_RESULT_TEXT_CHARACTERS = env.int("MCP_RESULT_TEXT_CHARACTERS", default=25_000)

# --- The audit log --------------------------------------------------------------------------------

# A hundred years are for ever; 999999 days ago is before the first year that a date can have.
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
OAUTH_REGISTRATIONS_PER_HOUR = env.int("OAUTH_REGISTRATIONS_PER_HOUR", default=20)
OAUTH_ALLOWED_REDIRECT_SCHEMES: list[str] = env.names("OAUTH_ALLOWED_REDIRECT_SCHEMES")

# From a Policy to the titles of its tools by scope; oauthbridge itself knows no tools.
OAUTH_TOOL_TITLES = "mcpserver.server.tool_titles"
OAUTH_CONNECTION_LIFETIME = timedelta(days=90)  # from consent, however often it is refreshed
# For so long a refresh token that was just exchanged may be exchanged again (docs/oauth.md).
OAUTH_REFRESH_GRACE = timedelta(seconds=30)

OAUTH2_PROVIDER_APPLICATION_MODEL = "oauthbridge.Application"
OAUTH2_PROVIDER_GRANT_MODEL = "oauthbridge.Grant"
OAUTH2_PROVIDER_ACCESS_TOKEN_MODEL = "oauthbridge.AccessToken"
OAUTH2_PROVIDER_REFRESH_TOKEN_MODEL = "oauthbridge.RefreshToken"
OAUTH2_PROVIDER_ID_TOKEN_MODEL = "oauth2_provider.IDToken"  # unused, but migrations ask for it
OAUTH2_PROVIDER = {
    "OAUTH2_VALIDATOR_CLASS": "oauthbridge.validator.Validator",
    "OAUTH2_BACKEND_CLASS": "oauthbridge.backend.Backend",
    # What the consent page says of each scope.
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
    # Discovery documents: nothing in them is taken from the request.
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

LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "filters": {
        "request_id": {"()": "infinity_mcp.request_id.RequestIdFilter"},
        "strangers": {"()": "infinity_mcp.logs.MistakesOfStrangers"},
    },
    "formatters": {
        "text": {
            "()": "infinity_mcp.logs.LineFormatter",
            "format": "{asctime} {levelname} [{request_id}] {name}: {message}",
            "style": "{",
        },
        "json": {"()": "infinity_mcp.logs.JsonFormatter"},
    },
    "handlers": {
        "stderr": {
            "class": "logging.StreamHandler",
            "filters": ["request_id", "strangers"],
            "formatter": LOG_FORMAT,
        },
        "nowhere": {"class": "logging.NullHandler"},  # none at all would be Python's last resort
    },
    "root": {"handlers": ["stderr"], "level": "WARNING"},
    "loggers": {
        "django": {"handlers": [], "level": "WARNING", "propagate": True},
        "uvicorn": {"level": "INFO"},
        "mcpserver.calls": {"level": "INFO"},
        "uvicorn.access": {"handlers": [], "propagate": False},
        # A line a request from strangers with a wrong Host would be theirs to fill the disk with.
        "django.security.DisallowedHost": {"handlers": ["nowhere"], "propagate": False},
    },
}

# --- Metrics and traces ---------------------------------------------------------------------------

METRICS_TOKEN = env.str("METRICS_TOKEN", default="")  # empty: there is no /metrics
OTEL_EXPORTER_OTLP_ENDPOINT = env.str("OTEL_EXPORTER_OTLP_ENDPOINT", default="")

# --- HTTPS ----------------------------------------------------------------------------------------

# The public address decides: behind an HTTPS proxy cookies are secure and browsers are told to stay
# on HTTPS; on http://127.0.0.1 they would drop secure cookies and nobody could sign in.
SERVED_OVER_HTTPS = PUBLIC_URL.startswith("https://")
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = SERVED_OVER_HTTPS
SECURE_HSTS_SECONDS = 31_536_000 if SERVED_OVER_HTTPS else 0
SECURE_HSTS_INCLUDE_SUBDOMAINS = SECURE_HSTS_PRELOAD = False
CSRF_TRUSTED_ORIGINS = [PUBLIC_URL] if SERVED_OVER_HTTPS else []
X_FRAME_OPTIONS = "DENY"
CSRF_FAILURE_VIEW = "infinity_mcp.failures.csrf_failure"

SILENCED_SYSTEM_CHECKS = [
    "security.W008",  # redirecting to HTTPS is the proxy's work; /health is asked over plain HTTP
    "security.W005",  # whether subdomains are HTTPS-only is for the owner of the domain to say
    "security.W021",  # and so is the browsers' preload list
]
if not SERVED_OVER_HTTPS:  # see above; infinity_mcp.W001 warns when this server is not local
    SILENCED_SYSTEM_CHECKS += ["security.W004", "security.W012", "security.W016"]
