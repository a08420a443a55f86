# Copydesk in a container: `docker build -t copydesk .`, then `docker compose up` (compose.yaml), or
#   docker run --rm --user "$(id -u)" -v "$PWD:/srv/news" copydesk run /srv/news/landing --output /srv/news/output
FROM python:3.11.14-slim-bookworm AS build
WORKDIR /build
RUN python -m venv /opt/copydesk
COPY requirements.txt ./
RUN /opt/copydesk/bin/python -m pip install --no-cache-dir --no-deps --require-hashes -r requirements.txt
COPY pyproject.toml README.md LICENSE ./
COPY cleaners ./cleaners
COPY flows ./flows
RUN /opt/copydesk/bin/python -m pip install --no-cache-dir --no-deps --no-build-isolation . \
    && /opt/copydesk/bin/python -m compileall -q /opt/copydesk/lib

FROM python:3.11.14-slim-bookworm
RUN useradd --uid 10001 --user-group --no-create-home --home-dir /data --shell /usr/sbin/nologin copydesk \
    && install -d -o 10001 -g 10001 -m 0700 /data
COPY --from=build /opt/copydesk /opt/copydesk
COPY prefect.yaml /opt/copydesk/share/
ENV PATH=/opt/copydesk/bin:$PATH \
    HOME=/data \
    PREFECT_HOME=/data/prefect \
    PREFECT_SERVER_ANALYTICS_ENABLED=false \
    DO_NOT_TRACK=1 \
    PYTHONDONTWRITEBYTECODE=1 \
    PYTHONUNBUFFERED=1
USER 10001:10001
WORKDIR /opt/copydesk/share
ENTRYPOINT ["copydesk"]
CMD ["--help"]
