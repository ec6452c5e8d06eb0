#!/usr/bin/env bash
# The pickle machine against CPython: run.sh [STREAMS [FIRST]]. 100,000 streams take about two minutes on two cores.
# With PICKLE_TRACE set, that binary is used, else it is built. HONEST=1 also needs dill, cloudpickle, joblib, numpy.
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
