# One image for all processes: web, both workers, scheduler, and the one-shot migration.
# It brings no database and no broker; docker-compose.yml names those.

FROM python:3.11-slim AS build
ENV PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_CACHE_DIR=1
RUN python -m venv /opt/funnel
WORKDIR /src
# The pinned list first: a change of our own code does not install everything again.
COPY requirements/container.txt requirements/container.txt
RUN /opt/funnel/bin/pip install --require-hashes -r requirements/container.txt
COPY pyproject.toml README.md LICENSE hatch_build.py ./
COPY frontend frontend
COPY funnel funnel
COPY workers workers
COPY scheduler scheduler
RUN /opt/funnel/bin/pip install --no-deps --no-build-isolation .

FROM python:3.11-slim
# A number of its own, so that a mounted folder can be given to it from outside.
RUN useradd --system --uid 10001 --home-dir /var/lib/funnel --create-home --shell /usr/sbin/nologin funnel
COPY --from=build /opt/funnel /opt/funnel
ENV PATH=/opt/funnel/bin:$PATH PYTHONUNBUFFERED=1 FUNNEL_DATA_FOLDER=/var/lib/funnel
USER 10001
WORKDIR /var/lib/funnel
EXPOSE 8000
# Warm stop: workers finish what they have in hand, within 10 s by their own deadline.
STOPSIGNAL SIGTERM
CMD ["python", "-m", "funnel", "web", "--host", "0.0.0.0", "--port", "8000"]
