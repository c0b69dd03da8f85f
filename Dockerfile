# syntax=docker/dockerfile:1
FROM python:3.13-slim AS build
WORKDIR /build
ENV PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_CACHE_DIR=1
COPY requirements/dev.txt requirements/run.txt requirements/
# The environment that will run, and one that only builds: both pinned by hash.
RUN python -m venv /opt/flywheel \
    && /opt/flywheel/bin/pip install --require-hashes --requirement requirements/run.txt \
    && python -m venv /opt/build \
    && /opt/build/bin/pip install --require-hashes --requirement requirements/dev.txt
COPY pyproject.toml setup.py README.md ./
COPY src src
COPY migrations migrations
COPY simulator simulator
RUN /opt/build/bin/python -m build --wheel --no-isolation --outdir dist \
    && /opt/flywheel/bin/pip install --no-deps dist/flywheel_server-*.whl

FROM python:3.13-slim
RUN useradd --system --uid 10001 --no-create-home --shell /usr/sbin/nologin flywheel
COPY --from=build /opt/flywheel /opt/flywheel
ENV PATH=/opt/flywheel/bin:$PATH PYTHONUNBUFFERED=1 FLYWHEEL_HOST=0.0.0.0 FLYWHEEL_PORT=8000
USER flywheel
EXPOSE 8000
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=10s --timeout=3s --start-period=15s --retries=3 \
    CMD ["python", "-c", "import os, urllib.request; urllib.request.urlopen(f\"http://127.0.0.1:{os.environ['FLYWHEEL_PORT']}/health\", timeout=2)"]
CMD ["flywheel-server", "serve"]
