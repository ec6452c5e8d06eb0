# What people type often; `just` alone lists it. CI runs .ci/run, which needs none of this.

_default:
    @just --list --unsorted

# Scan the example: one finding, exit code 1
demo:
    cargo run --release -- scan examples/quickstart

# Everything that needs only a Rust toolchain
test:
    cargo test

# What CI refuses
lint:
    cargo fmt --all --check
    cargo clippy --all-targets -- --deny warnings

# Licences, sources and banned crates of the dependencies (needs cargo-deny)
deny:
    cargo deny check

# Run one check on its own examples: just check pickle-dangerous-call
check ID:
    cargo test --package sluicegate-checks --test cases -- {{ ID }}

# Linters of action.yml and of the example workflow
github:
    tests/ci/github.sh

# The GitLab template, run by gitlab-ci-local
gitlab:
    tests/ci/gitlab.sh

# The container image, built twice and run (needs root)
image:
    tests/ci/image.sh

# All of it, as CI does
ci:
    .ci/run
