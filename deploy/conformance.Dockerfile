# docker build -f deploy/conformance.Dockerfile -t vsb-conformance .   (from the top of the checkout)
# The suite for a vendor's CI: the reference gateway, the sample certificates and vsb-conformance; needs no network when it runs.
FROM python:3.11-slim-bookworm AS build
WORKDIR /src
COPY requirements.lock pyproject.toml README.md ./
RUN python -m venv /opt/vsb && /opt/vsb/bin/pip install --quiet --require-hashes -r requirements.lock
COPY gateway gateway
COPY conformance conformance
COPY xsd xsd
COPY cookbooks cookbooks
COPY certs-sample certs-sample
RUN /opt/vsb/bin/pip install --quiet --no-deps --no-build-isolation .

FROM python:3.11-slim-bookworm
RUN useradd --system --uid 10001 --home /suite --create-home vsb
COPY --from=build /opt/vsb /opt/vsb
ENV PATH=/opt/vsb/bin:$PATH PYTHONUNBUFFERED=1
USER vsb
WORKDIR /suite
# 8080: the reference central application of `serve`; 8081: its page.
EXPOSE 8080 8081
ENTRYPOINT ["vsb-conformance"]
CMD ["--help"]
