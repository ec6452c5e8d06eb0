#!/usr/bin/env bash
# Validates what `sluice` writes as SARIF with Microsoft's Sarif.Multitool, rules Sarif and Ghas, on a scan with findings
# of many checks, one without findings, and one for GitHub. Its exit code is 0 whatever it finds, so its report is counted.
#
# The binary is $SLUICE, or target/debug/sluice, which is built if missing.
set -euo pipefail
root=$(cd "$(dirname "$0")/../.." && pwd)
cache=$root/.cache/ci
mkdir -p "$cache"

if [ "$(uname -sm)" != "Linux x86_64" ]; then
    echo "sarif: skipped: the multitool's package has a native program for Linux on x86_64 only"
    exit 0
fi
tool=$cache/npm-sarif/node_modules/@microsoft/sarif-multitool-linux/Sarif.Multitool
if [ ! -e "$tool" ]; then
    npm install --silent --no-audit --no-fund --prefix "$cache/npm-sarif" @microsoft/sarif-multitool@5.7.0
fi
# npm no longer runs the script that would do this; its JavaScript front end loses options, so the program is called itself.
chmod u+x "$tool"
export DOTNET_SYSTEM_GLOBALIZATION_INVARIANT=1

if [ -z "${SLUICE:-}" ]; then
    (cd "$root" && cargo build --quiet --bin sluice)
    SLUICE=$root/target/debug/sluice
fi
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# The cases of all checks, from commented hex to bytes: FOLDER.
cases() {
    python3 - "$root/checks" "$1" <<'PY'
import pathlib
import sys

checks, into = map(pathlib.Path, sys.argv[1:])
count = 0
for case in sorted(checks.glob("*/*/bad/*.hex")):
    folder = into / case.parent.parent.name
    folder.mkdir(parents=True, exist_ok=True)
    text = "".join(line.split("#")[0] for line in case.read_text().splitlines())
    (folder / case.stem).write_bytes(bytes.fromhex(text))
    count += 1
assert count > 20, count
PY
}

# Scans with arguments behind the name of the report and the exit code that is expected, and validates what came of it.
validate() {
    local name=$1 wanted=$2 code=0 errors
    shift 2
    "$SLUICE" scan --no-progress --quiet --format sarif --output "$work/$name.sarif" "$@" || code=$?
    [ "$code" -eq "$wanted" ] || { echo "sarif: $name: sluice ended with $code instead of $wanted" >&2; exit 1; }
    "$tool" validate "$work/$name.sarif" --rule-kind 'Sarif;Ghas' --level 'Error;Warning;Note' \
        --output "$work/$name.validated" --log ForceOverwrite >"$work/log" 2>&1 || { cat "$work/log" >&2; exit 1; }
    errors=$(jq '[.runs[].results[]? | select(.level == "error")] | length' "$work/$name.validated")
    if [ "$errors" -ne 0 ]; then
        jq -r '.runs[].results[]? | select(.level == "error") | "\(.ruleId): \(.message.text // .message.arguments) \(.locations[0].physicalLocation.region.snippet.text // "")"' \
            "$work/$name.validated" | head -40 >&2
        echo "sarif: $name: $errors errors" >&2
        exit 1
    fi
    echo "sarif: $name: $(jq '[.runs[].results[]] | length' "$work/$name.sarif") results, no error;" \
        "also said: $(jq -r '[.runs[].results[]?.ruleId] | group_by(.) | map("\(.[0]) ×\(length)") | join(", ")' "$work/$name.validated")"
}

cases "$work/models"
cd "$work"
# Something waived and something that nobody could look at, which take other ways through the report.
cat >models/sluice.toml <<'TOML'
[[waiver]]
check = "pickle-dangerous-call"
path = "models/pickle_dangerous_call/**"
reason = "they are here to be found"
owner = "tests"
until = 2099-12-31
TOML
mkfifo models/pipe.pkl
printf '7z\274\257\047\034' >models/archive.7z
validate findings 1 models
validate github 1 models --sarif-for github --category models
validate clean 0 "$root/examples/quickstart/good"

# It must be able to say no, or its silence says nothing.
jq 'del(.runs[0].results[0].locations, .runs[0].results[0].message)' findings.sarif >broken.sarif
"$tool" validate broken.sarif --rule-kind 'Sarif;Ghas' --level Error --output broken.validated --log ForceOverwrite >log 2>&1 || true
[ "$(jq '[.runs[].results[]? | select(.level == "error")] | length' broken.validated)" -gt 0 ] ||
    { echo "sarif: the multitool accepted a broken report" >&2; exit 1; }
