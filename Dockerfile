# The gateway. It writes below /var/lib/hushtap alone, so its root can be read-only:
#   docker build -t hushtap .
#   docker run --read-only --tmpfs /tmp --cap-drop ALL --security-opt no-new-privileges \
#       --memory-swappiness 0 --ulimit core=0 --network host --stop-timeout 660 \
#       -v hushtap:/var/lib/hushtap -v /etc/hushtap:/etc/hushtap:ro hushtap
FROM python:3.12-slim-bookworm AS build
WORKDIR /src
COPY requirements.lock pyproject.toml README.md LICENSE ./
RUN python -m venv /opt/hushtap && \
    sed -E '/^ +--hash/d; s/ \\$//' requirements.lock > /tmp/constraints.txt
COPY configs configs
COPY models models
COPY samples samples
COPY src src
RUN /opt/hushtap/bin/pip install --no-cache-dir --constraint /tmp/constraints.txt \
    '.[gateway,weights,postgres]'

FROM python:3.12-slim-bookworm
RUN useradd --system --uid 10001 --home-dir /var/lib/hushtap --shell /usr/sbin/nologin hushtap && \
    install --directory --owner hushtap --group hushtap --mode 0700 /var/lib/hushtap
COPY --from=build /opt/hushtap /opt/hushtap
COPY configs/gateway.toml /etc/hushtap/gateway.toml
ENV PATH=/opt/hushtap/bin:$PATH \
    PYTHONDONTWRITEBYTECODE=1 \
    PYTHONUNBUFFERED=1
USER hushtap
WORKDIR /var/lib/hushtap
VOLUME /var/lib/hushtap
# The first one drains.
STOPSIGNAL SIGTERM
HEALTHCHECK --start-period=120s --interval=15s --timeout=5s \
    CMD ["python", "-c", "import urllib.request as u; u.urlopen('http://127.0.0.1:8090/healthz')"]
ENTRYPOINT ["hushtap"]
CMD ["serve", "--config", "/etc/hushtap/gateway.toml"]
