#!/usr/bin/env bash
# Runs the GitLab template with gitlab-ci-local: the example pipeline on a repository whose model calls a function, and
# on one whose model does not. First in a shell with `sluice` on the path, then, if podman and the image are there
# (tests/ci/image.sh makes it), in the image.
#
# The binary is $SLUICE, or target/debug/sluice, which is built if missing.
set -euo pipefail
root=$(cd "$(dirname "$0")/../.." && pwd)
cache=$root/.cache/ci
podman=$root/tests/ci/podman.sh
mkdir -p "$cache"

command -v rsync >/dev/null || { apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends rsync; } >/dev/null
# Node comes as a package too: gitlab-ci-local needs a newer one than Debian has.
if [ ! -x "$cache/npm-gitlab/node_modules/node/bin/node" ]; then
    npm install --silent --no-audit --no-fund --prefix "$cache/npm-gitlab" gitlab-ci-local@4.75.1 node@22
fi
if [ ! -x "$cache/venv/bin/check-jsonschema" ]; then
    python3 -m venv "$cache/venv"
    "$cache/venv/bin/pip" --quiet install check-jsonschema==0.39.0
fi
pipeline() {
    (cd "$trial" && "$cache/npm-gitlab/node_modules/node/bin/node" \
        "$cache/npm-gitlab/node_modules/gitlab-ci-local/dist/index.js" --variable GITLAB_CI=true "$@")
}

if [ -z "${SLUICE:-}" ]; then
    (cd "$root" && cargo build --quiet --bin sluice)
    SLUICE=$root/target/debug/sluice
fi

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
mkdir "$work/bin"
cp "$SLUICE" "$work/bin/sluice"

# The schema refuses a second document, so it gets the one behind the inputs.
sed '1,/^---$/d' "$root/gitlab-ci-template.yml" >"$work/jobs.yml"
"$cache/venv/bin/check-jsonschema" --builtin-schema vendor.gitlab-ci "$work/jobs.yml"

# A repository with the example pipeline and, as models/, one of the folders of examples/quickstart.
repository() {
    trial=$work/$1
    mkdir "$trial"
    cp -r "$root/examples/quickstart/$1" "$trial/models"
    cp "$root/examples/gitlab/.gitlab-ci.yml" "$root/gitlab-ci-template.yml" "$trial"
    git -C "$trial" init --quiet --initial-branch main
    git -C "$trial" remote add origin https://gitlab.example.com/group/models.git
    git -C "$trial" add .
    git -C "$trial" -c user.name=test -c user.email=test@example.com commit --quiet --message "A model"
}
fail() {
    echo "gitlab: $*" >&2
    cat "$work/log" >&2
    exit 1
}

# Runs the whole pipeline, which has to end with code $1.
run() {
    local wanted=$1 code=0
    shift
    pipeline "$@" >"$work/log" 2>&1 || code=$?
    [ "$code" -eq "$wanted" ] || fail "the pipeline ended with $code instead of $wanted"
}

check() {
    repository bad
    run 1 "$@"
    grep -q "FAIL.*sluice:gate" "$work/log" || fail "it was not the gate that failed"
    grep -q "PASS.*sluice:scan" "$work/log" || fail "the scan failed, so GitLab would not read its reports"
    grep -q "passed the gate gets here" "$work/log" && fail "deploy ran although the gate is closed"
    grep -q "sluice:gate.*getpid" "$work/log" || fail "the gate does not say what was found"
    [ -s "$trial/sluice-report/report.sarif" ] || fail "the scan wrote no SARIF"
    "$root/tests/ci/code_quality.py" "$trial/sluice-report/gl-code-quality-report.json" models/model.pkl
    repository good
    run 0 "$@"
    grep -q "passed the gate gets here" "$work/log" || fail "deploy did not run although the gate is open"
    rm -rf "$work/bad" "$work/good"
}

PATH=$work/bin:$PATH check --force-shell-executor
echo "gitlab: the template holds a bad model and lets a good one pass (shell)"

# A threshold, lists and a value with a space and shell characters reach the scanner as they are.
repository bad
cat >"$trial/.gitlab-ci.yml" <<'YAML'
include:
  - local: /gitlab-ci-template.yml
    inputs:
      image: unused
      paths: models
      fail-on: never
      only: pickle-dangerous-call pickle-broken
      category: "a b; touch injected; `touch injected`"
      digests: true
      security-report: none
YAML
PATH=$work/bin:$PATH run 0 --force-shell-executor
[ ! -e "$trial/injected" ] || fail "a value was run as a command"
grep -q '"pickle-broken"' "$trial/sluice-report/report.json" || fail "the list of checks did not arrive"
echo "gitlab: inputs reach the scanner as values"

if ! command -v podman >/dev/null || ! "$podman" image exists localhost/sluice:test; then
    echo "gitlab: skipped in a container: podman or the image of tests/ci/image.sh is missing"
    exit 0
fi
# gitlab-ci-local copies files in and out of containers by an image with rsync.
helper=localhost/sluice-ci-helper:test
if ! "$podman" image exists "$helper"; then
    mkdir "$work/helper"
    printf 'FROM localhost/sluice-base:bookworm\nRUN apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends rsync >/dev/null\n' \
        >"$work/helper/Dockerfile"
    buildah build --quiet --isolation chroot --tag "$helper" "$work/helper" >/dev/null
fi
rm -rf "$trial"
check --variable SLUICE_IMAGE=localhost/sluice:test --container-executable "$podman" --pull-policy if-not-present \
    --helper-image "$helper"
echo "gitlab: the same in the image"
