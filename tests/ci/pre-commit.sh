#!/usr/bin/env bash
# Runs the hook for pre-commit, from this checkout, on a repository with a bad and a good model: it stops the commit of the
# first and lets the second through. Uses `sluice-system`; the hook `sluice` differs only in that pre-commit builds it.
#
# The binary is $SLUICE, or target/debug/sluice, which is built if missing.
set -euo pipefail
root=$(cd "$(dirname "$0")/../.." && pwd)
cache=$root/.cache/ci
mkdir -p "$cache"
if [ ! -x "$cache/venv-pre-commit/bin/pre-commit" ]; then
    python3 -m venv "$cache/venv-pre-commit"
    "$cache/venv-pre-commit/bin/pip" --quiet install pre-commit==4.5.1
fi
PATH=$cache/venv-pre-commit/bin:$PATH
pre-commit validate-manifest "$root/.pre-commit-hooks.yaml"

if [ -z "${SLUICE:-}" ]; then
    (cd "$root" && cargo build --quiet --bin sluice)
    SLUICE=$root/target/debug/sluice
fi
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
mkdir "$work/bin"
cp "$SLUICE" "$work/bin/sluice"
PATH=$work/bin:$PATH
export PRE_COMMIT_HOME=$work/home

# The hooks as a repository of their own, so that what is tried is the file as it stands, committed or not.
git init --quiet "$work/hooks"
cp "$root/.pre-commit-hooks.yaml" "$work/hooks"
git -C "$work/hooks" add .
git -C "$work/hooks" -c user.name=test -c user.email=test@example.com commit --quiet --message "Hooks"

git init --quiet "$work/models"
cd "$work/models"
cat >.pre-commit-config.yaml <<YAML
repos:
  - repo: $work/hooks
    rev: $(git -C "$work/hooks" rev-parse HEAD)
    hooks: [{id: sluice-system}]
YAML
pre-commit install >/dev/null
commit() { git add . && git -c user.name=test -c user.email=test@example.com commit --quiet --message "A model" >"$work/log" 2>&1; }

cp "$root/examples/quickstart/bad/model.pkl" .
if commit; then
    echo "pre-commit: a bad model was committed" >&2
    exit 1
fi
grep -q getpid "$work/log" || { cat "$work/log" >&2; exit 1; }
cp "$root/examples/quickstart/good/model.pkl" .
commit || { cat "$work/log" >&2; exit 1; }
echo "pre-commit: the hook stops a bad model and lets a good one through"
