"""Records when a credential was last used, at most once a minute."""

from __future__ import annotations

from datetime import timedelta

from django.db import models
from django.db.models import Q
from django.utils import timezone

RESOLUTION = timedelta(minutes=1)


class LastUsedMixin(models.Model):
    """A record that knows when it was last used."""

    last_used_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        abstract = True

    @property
    def is_use_noted(self) -> bool:
        """Is `last_used_at` recent enough to stay as it is?"""
        # A time far in the future comes from a wrong clock.
        used = self.last_used_at
        return used is not None and abs(timezone.now() - used) < RESOLUTION

    def update_last_used(self) -> None:
        """Set `last_used_at` to now, unless it is recent."""
        if self.is_use_noted:
            return
        now = timezone.now()
        # Another process may have written it since this record was loaded.
        is_noted = Q(last_used_at__gt=now - RESOLUTION, last_used_at__lt=now + RESOLUTION)
        due = Q(last_used_at=None) | ~is_noted
        type(self)._default_manager.filter(due, pk=self.pk).update(last_used_at=now)
        self.last_used_at = now
