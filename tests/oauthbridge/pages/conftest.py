from __future__ import annotations

import pytest
from django.core.cache import cache
from pytest_django import Settings


@pytest.fixture
def here(settings: Settings) -> None:
    """OAuth in this process."""
    cache.clear()
    settings.OAUTH_ENABLED, settings.ROOT_URLCONF = True, "tests.oauthbridge.urls"
