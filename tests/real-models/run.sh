#!/bin/sh
# Real models from packages, and models trained here: none may raise an alarm, each has to once a call is put into it.
# Needs Python 3.11 or newer with venv, and PyPI on the first run (about 400 MB, kept in target/real-models).
# SLUICE names a binary to test; without it one is built.
set -eu

here=$(cd "$(dirname "$0")" && pwd)
root=$(cd "$here/../.." && pwd)
cache=$root/target/real-models
mkdir -p "$cache"

if [ -z "${SLUICE:-}" ]; then
    cargo build --release --locked --manifest-path "$root/Cargo.toml" --bin sluice
    SLUICE=$root/target/release/sluice
fi
case $SLUICE in /*) ;; *) SLUICE=$PWD/$SLUICE ;; esac

# A folder is made anew when the list that it was made from changes.
list=$(cat "$here/requirements.txt" "$here/packages.txt" "$here/packages-older.txt" "$here/sources.py" "$here/train.py" | cksum)
if [ "$(cat "$cache/made-from" 2>/dev/null || true)" != "$list" ]; then
    rm -rf "$cache/venv" "$cache/wheels" "$cache/models"
    python3 -m venv "$cache/venv"
    "$cache/venv/bin/pip" install --quiet --disable-pip-version-check --only-binary :all: -r "$here/requirements.txt"
    for packages in packages.txt packages-older.txt; do
        # One Python version and platform for everyone: nothing of it is run, and the digests are those of these wheels.
        "$cache/venv/bin/pip" download --quiet --disable-pip-version-check --no-deps --require-hashes --only-binary :all: \
            --python-version 3.11 --platform manylinux_2_28_x86_64 --platform manylinux_2_17_x86_64 --platform any \
            --dest "$cache/wheels" -r "$here/$packages"
    done
    "$cache/venv/bin/python" "$here/sources.py" "$cache/wheels" "$cache/models"
    "$cache/venv/bin/python" "$here/train.py" "$cache/models/own"
    echo "$list" >"$cache/made-from"
fi
exec "$cache/venv/bin/python" "$here/check.py" "$SLUICE" "$cache"
