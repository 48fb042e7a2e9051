"""What the log says of requests that strangers got wrong."""

from __future__ import annotations

import logging


class MistakesOfStrangers(logging.Filter):
    """Makes one line of what Django reports with a traceback although the server did not fail: they
    could fill the disk with it, and hide a failure in it."""

    def filter(self, record: logging.LogRecord) -> bool:
        is_refusal = record.name == "django.request" and record.levelno < logging.ERROR
        if is_refusal or record.name.startswith("django.security."):
            record.levelno, record.levelname = logging.WARNING, "WARNING"
            record.exc_info = record.exc_text = None
        return True
