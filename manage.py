#!/usr/bin/env python
"""Django's command line for this project: `manage.py help` lists the commands."""

from __future__ import annotations

import logging
import os
import sys

from infinity_mcp import choose_settings


def main() -> None:
    choose_settings()
    from django.core.exceptions import ImproperlyConfigured
    from django.core.management import execute_from_command_line
    from django.db import OperationalError

    from mcpserver.origin import set_command

    os.umask(0o077)  # the database and the files made here hold what is private
    set_command(" ".join(sys.argv[1:2]))
    try:
        try:
            execute_from_command_line(sys.argv)
        finally:
            # Threads that still try to reach the database would talk into the last word.
            logging.getLogger("psycopg.pool").disabled = True
            if sys.stdout and not sys.stdout.closed:
                sys.stdout.flush()  # at exit it would be too late to catch what that raises
    except ImproperlyConfigured as error:
        sys.exit(f"The settings are wrong: {error}")
    except OperationalError as error:  # of Django's own commands; ours tell of theirs
        from credentials.management.base import explain_unusable_database

        why = explain_unusable_database(error)
        if why is None:
            raise
        sys.exit(f"CommandError: {why}")
    except BrokenPipeError:  # whoever reads has seen enough, as in `| head`
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(1)


if __name__ == "__main__":
    try:
        main()
    except KeyboardInterrupt:
        print("Stopped.", file=sys.stderr)
        sys.exit(130)
    except ModuleNotFoundError as error:
        if error.name != "django":
            raise
        sys.exit(
            f"Django is not installed for {sys.executable}: run .venv/bin/python manage.py"
            " (on Windows .venv\\Scripts\\python), which scripts/quickstart sets up."
        )
