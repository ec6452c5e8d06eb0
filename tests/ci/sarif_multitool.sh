#!/bin/sh
# Holds SARIF files against the rules of Microsoft's Sarif.Multitool for SARIF and for GitHub Advanced Security.
# Usage: tests/ci/sarif_multitool.sh FILE.sarif…      Needs npm and node. Fails if anything is missing; skips nothing.
set -eu

VERSION=5.7.0
# The tool leaves out larger files without a word.
MAX_BYTES=10000000

die() {
    echo "sarif_multitool: $*" >&2
    exit 1
}

[ $# -gt 0 ] || die "no SARIF file given"
for tool in npm node; do
    command -v "$tool" >/dev/null || die "$tool is needed and not installed"
done
case "$(uname -s)" in
Linux) platform=linux ;;
Darwin) platform=darwin ;;
*) die "no build of Sarif.Multitool for $(uname -s)" ;;
esac

root=$(cd "$(dirname "$0")/../.." && pwd)
cache="$root/.cache/sarif-multitool-$VERSION"
# The program itself: the package's JavaScript wrapper goes through a shell, which takes the `;` of `Sarif;Ghas` for the
# end of the command.
program="$cache/node_modules/@microsoft/sarif-multitool-$platform/Sarif.Multitool"
if [ ! -f "$program" ]; then
    mkdir -p "$cache"
    npm install --prefix "$cache" --no-save --no-audit --no-fund --ignore-scripts --silent \
        "@microsoft/sarif-multitool-$platform@$VERSION" || die "npm could not install Sarif.Multitool $VERSION"
fi
[ -f "$program" ] || die "the npm package holds no Sarif.Multitool"
chmod u+x "$program"

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# Prints every error that the tool has for a file and how many there are on the last line. The tool's exit code is 0
# even then, so only its output file counts.
errors() {
    rm -f "$work/out.sarif"
    "$program" validate "$1" --rule-kind 'Sarif;Ghas' --level 'Error;Warning;Note' \
        -o "$work/out.sarif" --log ForceOverwrite >"$work/log" 2>&1 || {
        cat "$work/log" >&2
        die "Sarif.Multitool did not finish on $1"
    }
    [ -s "$work/out.sarif" ] || die "Sarif.Multitool wrote nothing about $1"
    node -e '
        const log = JSON.parse(require("fs").readFileSync(process.argv[1], "utf8").replace(/^\uFEFF/, ""));
        if (!log.runs || log.runs.length === 0) throw new Error("no run");
        let count = 0;
        for (const run of log.runs) {
            const rules = run.tool.driver.rules || [];
            for (const invocation of run.invocations || [])
                if (invocation.executionSuccessful === false) throw new Error("the validation itself failed");
            for (const result of run.results || []) {
                if (result.level !== "error") continue;
                count += 1;
                const rule = rules[result.ruleIndex] || {};
                const form = ((rule.messageStrings || {})[result.message.id] || result.message).text || "";
                const told = form.replace(/\{(\d+)\}/g, (_, at) => (result.message.arguments || [])[at] ?? "");
                console.log(`${result.ruleId}: ${told}`);
            }
        }
        console.log(count);
    ' "$work/out.sarif" || die "cannot read what Sarif.Multitool says about $1"
}

# A file known to be wrong must be refused, or the check checks nothing.
printf '%s' '{"$schema":"https://json.schemastore.org/sarif-2.1.0.json","version":"2.1.0","runs":[{"tool":{"driver":{
"name":"canary","rules":[{"id":"C1"}]}},"results":[{"ruleId":"C1","message":{"text":"x"}}]}]}' >"$work/canary.sarif"
canary=$(errors "$work/canary.sarif")
[ "$(printf '%s\n' "$canary" | tail -n 1)" -gt 0 ] || die "a broken file passed: the rules were not applied"

failed=0
for file in "$@"; do
    [ -s "$file" ] || die "$file is missing or empty"
    [ "$(wc -c <"$file")" -le "$MAX_BYTES" ] || die "$file is larger than the platforms and the tool take"
    told=$(errors "$file")
    count=$(printf '%s\n' "$told" | tail -n 1)
    if [ "$count" -gt 0 ]; then
        printf '%s: %s errors\n%s\n' "$file" "$count" "$(printf '%s\n' "$told" | sed '$d')" >&2
        failed=1
    else
        echo "$file: 0 errors (Sarif.Multitool $VERSION, rules Sarif and Ghas)"
    fi
done
exit "$failed"
