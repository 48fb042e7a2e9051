# Infinity MCP as a container; docs/install.md says how to run it. The image holds only code and
# packages: secrets, settings and data are in the folders mounted at /app/config and /app/data.

FROM python:3.11-slim-bookworm AS build
RUN python -m venv /opt/venv
COPY requirements.lock /opt/requirements.lock
RUN /opt/venv/bin/python -m pip install --no-cache-dir --disable-pip-version-check \
    --require-hashes -r /opt/requirements.lock
COPY . /app
# Make files readable, as their modes in the clone may differ; compile now, as nothing can be written later.
RUN chmod -R a+rX,go-w /app && \
    python -m compileall -q --invalidation-mode unchecked-hash /app

FROM python:3.11-slim-bookworm
COPY --from=build /opt/venv /opt/venv
COPY --from=build /app /app
RUN install -d -o 1000 -g 1000 -m 700 /app/config /app/data
# /app is on the path so that "manage.py …" is a command, both with `run` and with `exec`.
ENV PATH=/app:/opt/venv/bin:$PATH PYTHONDONTWRITEBYTECODE=1 PYTHONUNBUFFERED=1
ENV TRANSPORT=http HOST=0.0.0.0 PORT=3000
ENV DATA_DIR=/app/data CONFIG_DIR=/app/config ENV_FILE=/app/config/secrets.env
WORKDIR /app
USER 1000:1000
EXPOSE 3000
# Any answer below 500 is healthy: depending on ALLOWED_HOSTS, a server refuses the name 127.0.0.1.
HEALTHCHECK --interval=15s --timeout=5s --start-period=60s CMD ["python", "-c", "import http.client, os, sys; connection = http.client.HTTPConnection('127.0.0.1', int(os.environ['PORT']), timeout=4); connection.request('GET', '/health'); sys.exit(connection.getresponse().status >= 500)"]
CMD ["manage.py", "mcp_serve", "--migrate"]
