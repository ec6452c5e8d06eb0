#!/usr/bin/env bash
# The pickle machine against CPython: run.sh [STREAMS [FIRST]]. 100,000 streams take about two minutes on two cores.
# PICKLE_TRACE names the binary, else it is built. PYTHON names a Python, best one that has dill, cloudpickle, joblib,
# numpy and scikit-learn, whose pickles are then read too; PYTHON2 a Python 2.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
root=$(cd "$here/../.." && pwd)
if [ -z "${PICKLE_TRACE:-}" ]; then
    (cd "$root" && cargo build --quiet --release -p sluicegate-checks --example pickle_trace)
    PICKLE_TRACE=${CARGO_TARGET_DIR:-$root/target}/release/examples/pickle_trace
fi
python=${PYTHON:-python3}
"$python" "$here/honest.py" --trace "$PICKLE_TRACE"
"$python" "$here/differential.py" --trace "$PICKLE_TRACE" --streams "${1:-100000}" --first "${2:-0}" --samples "$root/checks"
