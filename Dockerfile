# Newswatch on the official Airflow image. The lock's layer is large and changes seldom, the code's is small.
ARG AIRFLOW_IMAGE=apache/airflow:3.3.2-python3.13
FROM ${AIRFLOW_IMAGE}

WORKDIR /opt/newswatch
USER root
# Named volumes take their owner from the folders they are first mounted on.
RUN mkdir config data demo-config home && chown -R airflow:0 .
USER airflow

COPY requirements-team.txt ./
RUN uv pip install --quiet --no-cache --compile-bytecode --python "$(command -v python)" \
    --require-hashes --requirement requirements-team.txt

# requirements-dev.txt pins the build backend; nothing else of it is installed.
COPY --chown=airflow:0 requirements-dev.txt pyproject.toml README.md LICENSE ./
COPY --chown=airflow:0 include include
COPY --chown=airflow:0 plugins plugins
COPY --chown=airflow:0 dags dags
RUN uv pip install --quiet --no-cache --python "$(command -v python)" \
    --no-deps --build-constraints requirements-dev.txt --editable . \
 && python -m compileall -q include plugins dags

# The same settings as under compose, so that `docker run … newswatch check` works too.
ENV AIRFLOW__CORE__DAGS_FOLDER=/opt/newswatch/dags \
    AIRFLOW__CORE__PLUGINS_FOLDER=/opt/newswatch/plugins \
    AIRFLOW__CORE__LOAD_EXAMPLES=False
