# syntax=docker/dockerfile:1
# `./scripts/try-image` carries out the run stage below in a plain Debian chroot: keep to the instructions it knows.

FROM rust:1.95-bookworm AS build
WORKDIR /src
COPY . .
RUN --mount=type=cache,target=/usr/local/cargo/registry \
    --mount=type=cache,target=/src/target \
    cargo build --release --locked --bin kontur-telephony \
    && install -D target/release/kontur-telephony /out/kontur-telephony

FROM debian:bookworm-slim
LABEL org.opencontainers.image.title="Kontur Telephony"
LABEL org.opencontainers.image.description="Connects telephony providers to Kontur CRM, Workonflow and Metabot"
LABEL org.opencontainers.image.licenses="MIT"

# The roots of trust for every remote system; rustls reads them from the system's store.
RUN apt-get update \
    && apt-get install --yes --no-install-recommends ca-certificates \
    && rm -rf /var/lib/apt/lists/*

# A fixed id, so that the owner of a mounted volume can be named from outside.
RUN groupadd --gid 10001 kontur \
    && useradd --uid 10001 --gid kontur --home-dir /var/lib/kontur-telephony --create-home --shell /usr/sbin/nologin kontur \
    && mkdir /etc/kontur-telephony

COPY --from=build /out/kontur-telephony /usr/local/bin/kontur-telephony

ENV KONTUR_TELEPHONY__LISTEN=0.0.0.0:8080
ENV KONTUR_TELEPHONY__DATABASE_URL=sqlite:///var/lib/kontur-telephony/kontur-telephony.db

# The configuration is looked for here: mount kontur-telephony.toml, or give every key in the environment.
WORKDIR /etc/kontur-telephony
VOLUME /var/lib/kontur-telephony
EXPOSE 8080
USER 10001:10001

HEALTHCHECK --interval=10s --timeout=3s --start-period=10s CMD ["kontur-telephony", "healthcheck"]
ENTRYPOINT ["kontur-telephony"]
CMD ["serve"]
