# syntax=docker/dockerfile:1
# The program and its locked dependencies, nothing else; runs as nobody in particular on a read-only file system:
#   docker run --read-only --tmpfs /tmp -v bothways-state:/state -v ./bothways.toml:/etc/bothways/bothways.toml:ro \
#     -e BOTHWAYS_CRM_TOKEN bothways sync --quiet
# Several architectures, with bill of materials and provenance:
#   docker buildx build --platform linux/amd64,linux/arm64 --sbom=true --provenance=mode=max -t bothways .
FROM python:3.12-slim-bookworm@sha256:782412e85d0f0984994c290652577d4018aff08145c85b262bb63dc0c7522254 AS build
ENV PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_CACHE_DIR=1
WORKDIR /src
COPY requirements/runtime.txt requirements/runtime.txt
RUN python -m venv /opt/bothways \
    && /opt/bothways/bin/pip install --require-hashes -r requirements/runtime.txt
COPY pyproject.toml README.md LICENSE ./
COPY config config
COPY connectors connectors
COPY enrichment enrichment
COPY sync sync
RUN /opt/bothways/bin/pip install --no-deps --no-build-isolation . \
    && /opt/bothways/bin/python -m sync.scoring.ship \
    && /opt/bothways/bin/bothways --version

FROM python:3.12-slim-bookworm@sha256:782412e85d0f0984994c290652577d4018aff08145c85b262bb63dc0c7522254
LABEL org.opencontainers.image.title="bothways" \
      org.opencontainers.image.licenses="Apache-2.0"
COPY --from=build /opt/bothways /opt/bothways
RUN install -d -m 0700 -o 65532 -g 65532 /state
ENV PATH=/opt/bothways/bin:$PATH \
    PYTHONDONTWRITEBYTECODE=1 \
    HOME=/tmp \
    BOTHWAYS_CONFIG=/etc/bothways/bothways.toml \
    BOTHWAYS_WORKSPACE__DIR=/state/bothways \
    BOTHWAYS_ERROR_LOG=/state/bothways-error.log \
    BOTHWAYS_LOG_FORMAT=json
VOLUME /state
WORKDIR /state
USER 65532:65532
ENTRYPOINT ["bothways"]
CMD ["--help"]
