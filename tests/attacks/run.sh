#!/bin/sh
# Every known class of attack through every door, against the checks; and honest pickles beside them. About a minute.
set -eu
cd "$(dirname "$0")/../.."
cargo build --quiet -p sluicegate-checks --example pickle_findings
exec python3 tests/attacks/run.py "$@"
