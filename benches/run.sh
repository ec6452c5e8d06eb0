#!/usr/bin/env bash
# Speed and memory of `sluice scan` as ratios against named peers in the same run: picklescan and modelaudit from
# PyPI, and a bare walk. Needs cargo, python3 with venv, about 2 GB of disk, and about five minutes.
#   benches/run.sh [--quick]     --quick leaves modelaudit out, which is most of the time
set -euo pipefail
cd "$(dirname "$0")/.."
work=${SLUICE_BENCH_FOLDER:-target/bench}
mkdir -p "$work"
cargo build --release --quiet
rustc -O --edition 2024 -o "$work/bare_walk" benches/bare_walk.rs
[ -x "$work/venv/bin/python" ] || python3 -m venv "$work/venv"
peers=(picklescan==1.0.5 numpy==2.2.6)
[ "${1:-}" = --quick ] || peers+=(modelaudit==0.2.54)
"$work/venv/bin/pip" install --quiet --disable-pip-version-check "${peers[@]}"
# OpenBLAS is not used: numpy only writes arrays here.
"$work/venv/bin/python" benches/compare.py "$work" target/release/sluice "$@"
