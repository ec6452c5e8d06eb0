# One image for GitHub, GitLab and `docker run`: the static binary, CA certificates and the base's shell.
#
#   docker build -t sluice .                                     builds the binary from this source
#   docker build -t sluice --target prebuilt .                   takes dist/sluice and dist/ca-certificates.crt
#
# Bases are named by digest, so that the same source gives the same image. The first is the multi-platform index that
# docker-library/repo-info records for debian:bookworm-slim of 3 August 2026; to move on, ask the registry:
#
#   skopeo inspect --format '{{.Digest}}' docker://docker.io/library/debian:bookworm-slim
#
# Any base with /bin/sh will do; tests/ci/image.sh uses one made by debootstrap and needs no registry.
ARG BASE=docker.io/library/debian:bookworm-slim@sha256:abd67ffcfa541b485a3dff59865ab629aa048a6c613e639d36e7456b0b229241
ARG RUST_IMAGE=docker.io/library/rust:1.95.0-slim-bookworm@sha256:d7482085ff5b415f84dba5647ae71606650bdef00db7aeb69f4b3d170c3e4082

FROM ${RUST_IMAGE} AS build
# The compiler of the image is the one that rust-toolchain.toml names; without this, rustup would fetch clippy and rustfmt too.
ENV RUSTUP_TOOLCHAIN=1.95.0
WORKDIR /source
COPY . .
# --target keeps the flag away from build scripts and procedural macros, which cannot be static.
RUN RUSTFLAGS='-C target-feature=+crt-static' \
        cargo build --release --locked --bin sluice --target "$(uname -m)-unknown-linux-gnu" \
    && install -D "target/$(uname -m)-unknown-linux-gnu/release/sluice" /out/usr/local/bin/sluice \
    && install -D -m 0644 /etc/ssl/certs/ca-certificates.crt /out/etc/ssl/certs/ca-certificates.crt

FROM ${BASE} AS image
LABEL org.opencontainers.image.title="sluice" \
      org.opencontainers.image.description="Security gates for machine-learning pipelines" \
      org.opencontainers.image.licenses="Apache-2.0"
# No USER: GitHub runs an action's container as root and mounts a workspace that belongs to somebody else, and a GitLab
# runner writes the job's script into it. Elsewhere give one: docker run --user 65534:65534 --read-only --network none …
ENTRYPOINT ["/usr/local/bin/sluice"]
CMD ["--help"]

FROM image AS prebuilt
COPY dist/sluice /usr/local/bin/sluice
COPY dist/ca-certificates.crt /etc/ssl/certs/ca-certificates.crt

# The last stage is what is built if none is named, as GitHub does.
FROM image
COPY --from=build /out/ /
