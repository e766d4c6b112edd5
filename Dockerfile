# One image for migrate, web and worker; docker-compose.yml says which command each runs.
FROM python:3.11-slim

RUN useradd --system --create-home trialogue
WORKDIR /srv/trialogue
ENV PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1

COPY requirements.lock ./
RUN pip install --no-cache-dir --disable-pip-version-check --require-hashes -r requirements.lock

COPY LICENSE ./
COPY openapi ./openapi
COPY backend ./backend
# The key only serves this step; a running service gets its own from the environment.
RUN mkdir var && TRIALOGUE_MODE=sandbox SECRET_KEY="$(head -c 32 /dev/urandom | base64)" \
    python backend/manage.py collectstatic --noinput --verbosity 0 && chown -R trialogue var

USER trialogue
EXPOSE 8000
CMD ["python", "-m", "granian", "--interface", "wsgi", "backend.config.wsgi:application", \
     "--host", "0.0.0.0", "--port", "8000", "--workers", "2", "--blocking-threads", "1", \
     "--no-ws", "--respawn-failed-workers", "--workers-kill-timeout", "10", "--log-level", "warning"]
