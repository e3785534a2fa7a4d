# The stub server: docker build -t trio-stub . && docker run --rm -p 127.0.0.1:8000:8000 trio-stub
# More options go behind the name: docker run --rm -p 127.0.0.1:8000:8000 trio-stub --speed 600 --max-jobs 3
FROM python:3.13-slim AS build
WORKDIR /src
COPY pyproject.toml README.md LICENSE ./
COPY scripts/package_metadata.py ./scripts/
COPY trio_client ./trio_client
RUN python -m venv /stub && /stub/bin/pip install --no-cache-dir ".[stub]"

FROM python:3.13-slim
COPY --from=build /stub /stub
USER 65534:65534
EXPOSE 8000
HEALTHCHECK --interval=10s --timeout=3s --start-period=5s \
    CMD ["/stub/bin/python", "-c", "import urllib.request; urllib.request.urlopen('http://127.0.0.1:8000/healthz', timeout=2)"]
ENTRYPOINT ["/stub/bin/python", "-m", "trio_client.stub", "--host", "0.0.0.0", "--allow-remote", "--port", "8000"]
