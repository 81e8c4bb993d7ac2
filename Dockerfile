# One image for every process of the service; the command says which: worker, project, api, migrate, simulate, ...
ARG PYTHON=python:3.11.13-slim-bookworm
FROM ${PYTHON} AS build
RUN python -m venv /opt/busbar
ENV PIP_NO_CACHE_DIR=1 PIP_DISABLE_PIP_VERSION_CHECK=1
WORKDIR /build
COPY requirements.txt ./
RUN /opt/busbar/bin/python -m pip install --require-hashes -r requirements.txt
COPY pyproject.toml README.md LICENSE NOTICE ./
COPY src src
RUN /opt/busbar/bin/python -m pip install --no-deps --no-build-isolation . \
 && /opt/busbar/bin/python -m pip uninstall --yes setuptools pip

FROM ${PYTHON}
RUN useradd --uid 10001 --user-group --create-home busbar
COPY --from=build /opt/busbar /opt/busbar
ENV PATH=/opt/busbar/bin:$PATH PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1 BUSBAR_HTTP_PORT=8080
# By number: an orchestrator that insists on another user than root can tell.
USER 10001:10001
WORKDIR /home/busbar
EXPOSE 8080
HEALTHCHECK --interval=10s --timeout=5s --start-period=30s \
  CMD ["timeout", "-s", "KILL", "5", "python", "-c", "from urllib.request import urlopen; urlopen('http://127.0.0.1:8080/health/live', timeout=4)"]
ENTRYPOINT ["busbar"]
