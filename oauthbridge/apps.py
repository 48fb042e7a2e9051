from __future__ import annotations

from django.apps import AppConfig


class OAuthBridgeConfig(AppConfig):
    name = "oauthbridge"
