#!/usr/bin/env python
"""Django's command line for this project: `manage.py help` lists the commands."""

from __future__ import annotations

import logging
import os
import sys

from infinity_mcp import choose_settings
from infinity_mcp.core.files import standard_files


def main() -> None:
    choose_settings()
    standard_files.prepare()
    from django.core.exceptions import ImproperlyConfigured
    from django.core.management import execute_from_command_line
    from django.db import DatabaseError

    from mcpserver.audit.actor import set_command

    os.umask(0o077)  # the database and files made here have private content
    set_command(" ".join(sys.argv[1:2]))
    try:
        try:
            execute_from_command_line(sys.argv)
        finally:
            # Threads that still try to reach the database would log after the last message.
            logging.getLogger("psycopg.pool").disabled = True
            if not sys.stdout.closed:
                sys.stdout.flush()  # at exit it would be too late to catch what that raises
    except ImproperlyConfigured as error:
        sys.exit(f"The settings are wrong: {error}")
    except DatabaseError as error:  # of Django's own commands; ours report theirs
        from credentials.management.base import explain_unusable_database

        why = explain_unusable_database(error)
        if why is None:
            raise
        sys.exit(f"CommandError: {why}")
    except FileNotFoundError as error:
        if error.filename or is_somewhere():
            raise
        sys.exit("The current folder was deleted: cd to another one.")
    except EOFError:
        sys.exit("CommandError: This asks for something: run it in a terminal.")
    except standard_files.OutputLost as lost:
        standard_files.give_up(lost)


def is_somewhere() -> bool:
    try:
        return bool(os.getcwd())
    except FileNotFoundError:
        return False


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
