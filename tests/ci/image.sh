#!/usr/bin/env bash
# Builds the image without a registry and runs it in the ways that it is used: locked down, as GitHub runs an action, and
# as GitLab runs a job. The base is made by debootstrap and kept in .cache/ci. Needs root and a Debian mirror.
#
# The binary is $SLUICE_STATIC, or a static release build.
set -euo pipefail
root=$(cd "$(dirname "$0")/../.." && pwd)
cache=$root/.cache/ci
base=localhost/sluice-base:bookworm
image=localhost/sluice:test
podman=$root/tests/ci/podman.sh
mkdir -p "$cache"

if [ "$(id -u)" -ne 0 ] || ! command -v apt-get >/dev/null; then
    echo "image: skipped: debootstrap needs root, and the tools are taken from Debian packages"
    exit 0
fi
if ! command -v buildah >/dev/null || ! command -v podman >/dev/null || ! command -v runc >/dev/null || ! command -v debootstrap >/dev/null; then
    apt-get update -qq
    DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends \
        buildah podman runc debootstrap uidmap ca-certificates debian-archive-keyring >/dev/null
fi

if [ -z "${SLUICE_STATIC:-}" ]; then
    target=$(uname -m)-unknown-linux-gnu
    (cd "$root" && RUSTFLAGS='-C target-feature=+crt-static' cargo build --quiet --locked --release --bin sluice --target "$target")
    SLUICE_STATIC=$root/target/$target/release/sluice
fi
if readelf --program-headers --wide "$SLUICE_STATIC" | grep -q INTERP; then
    echo "image: $SLUICE_STATIC needs a dynamic linker" >&2
    exit 1
fi

if [ ! -s "$cache/base.tar" ]; then
    rm -rf "$cache/base"
    debootstrap --variant=minbase --include=ca-certificates bookworm "$cache/base" >"$cache/debootstrap.log"
    tar --directory "$cache/base" --create --file "$cache/base.tar.new" .
    rm -rf "$cache/base"
    mv "$cache/base.tar.new" "$cache/base.tar"
fi
"$podman" image exists "$base" || "$podman" import --quiet "$cache/base.tar" "$base" >/dev/null

# The context is what .dockerignore lets through, plus the binary and the base's certificates.
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
mkdir "$work/dist"
cp "$root/Dockerfile" "$root/.dockerignore" "$work"
cp "$SLUICE_STATIC" "$work/dist/sluice"
chmod 0755 "$work/dist/sluice"
tar --extract --to-stdout --file "$cache/base.tar" ./etc/ssl/certs/ca-certificates.crt >"$work/dist/ca-certificates.crt"
chmod 0644 "$work/dist/ca-certificates.crt"
build() {
    CONTAINERS_CONF=$root/tests/ci/containers.conf buildah build --quiet --isolation chroot --timestamp 0 \
        --build-arg "BASE=$base" --target prebuilt --tag "$1" "$work" >/dev/null
    "$podman" image inspect --format '{{.Digest}}' "$1"
}
first=$(build "$image")
second=$(build localhost/sluice:again)
[ "$first" = "$second" ] || { echo "image: two builds differ: $first $second" >&2; exit 1; }
echo "image: two builds give $first"

# Runs the image and fails unless it ends with code $1; what it printed is in $work/log.
expect() {
    local wanted=$1 code=0
    shift
    "$podman" run --pull=never --rm "$@" >"$work/log" 2>&1 || code=$?
    if [ "$code" -ne "$wanted" ]; then
        echo "image: ended with $code instead of $wanted: $*" >&2
        cat "$work/log" >&2
        exit 1
    fi
}
says() {
    grep -q -- "$1" "${2:-$work/log}" || { echo "image: '$1' is not in ${2:-the output}:" >&2; cat "${2:-$work/log}" >&2; exit 1; }
}

# Locked down: no network, no capability, nothing writable, an unprivileged user.
locked=(--network=none --read-only --cap-drop=all --security-opt=no-new-privileges --user 65534:65534
    --volume "$root/examples/quickstart:/models:ro")
expect 1 "${locked[@]}" "$image" scan /models
says bad/model.pkl
says getpid
expect 0 "${locked[@]}" "$image" scan /models/good
expect 2 "${locked[@]}" "$image" scan --no-such-option /models
echo "image: works without network, privileges and a writable file system"

# As GitLab: the entrypoint is emptied, and a shell in the image gets the script.
expect 1 --entrypoint '' --volume "$root/examples/quickstart:/builds/models:ro" --workdir /builds/models "$image" \
    sh -c 'test -s /etc/ssl/certs/ca-certificates.crt && sluice --version && sluice scan .'
says bad/model.pkl
echo "image: works as a GitLab job"

# As GitHub, with a workspace that belongs to the runner's user and the inputs that are not set handed over as empty.
runner=1001
mkdir -p "$work"/gh/{home,workflow,commands,workspace}
workspace=$work/gh/workspace
commit() {
    git -c safe.directory='*' -C "$workspace" add "$@"
    git -c safe.directory='*' -C "$workspace" -c user.name=test -c user.email=test@example.com commit --quiet --message "$*"
}
git init --quiet --initial-branch main "$workspace"
cp -r "$root/examples/quickstart/good" "$root/examples/quickstart/bad" "$workspace"
commit good bad
action() {
    local wanted=$1 name inputs=()
    shift
    for name in $(sed -n '/^inputs:$/,/^outputs:$/s/^  \([a-z-]*\):$/\1/p' "$root/action.yml"); do
        inputs+=(--env "INPUT_${name^^}=")
    done
    : >"$work/gh/commands/output"
    : >"$work/gh/commands/summary"
    chown -R "$runner:$runner" "$work/gh"
    expect "$wanted" --network=none --workdir /github/workspace "${inputs[@]}" "$@" \
        --env CI=true --env GITHUB_ACTIONS=true --env HOME=/github/home --env GITHUB_WORKSPACE=/github/workspace \
        --env GITHUB_OUTPUT=/github/file_commands/output --env GITHUB_STEP_SUMMARY=/github/file_commands/summary \
        --env GITHUB_EVENT_PATH=/github/workflow/event.json \
        --volume "$work/gh/home:/github/home" --volume "$work/gh/workflow:/github/workflow" \
        --volume "$work/gh/commands:/github/file_commands" --volume "$workspace:/github/workspace" \
        "$image" action
}
# An output as the runner reads it: the lines up to the one that repeats the delimiter.
output() {
    awk -v wanted="$1" 'index($0, wanted "<<") == 1 { end = substr($0, length(wanted) + 3); next }
        end != "" && $0 == end { exit } end != "" { print }' "$work/gh/commands/output"
}
is() {
    [ "$(output "$1")" = "$2" ] || { echo "image: output $1 is '$(output "$1")' and not '$2'" >&2; cat "$work/gh/commands/output" >&2; exit 1; }
}

echo '{}' >"$work/gh/workflow/event.json"
action 1
says '^::error '
says '^::stop-commands::'
is verdict held
is exit-code 1
is findings-critical 1
is sarif-file sluice-report/report.sarif
says bad/model.pkl "$workspace/$(output report-file)"
says bad/model.pkl "$workspace/$(output sarif-file)"
says bad/model.pkl "$work/gh/commands/summary"
for path in sluice-report sluice-report/report.json sluice-report/report.sarif; do
    [ "$(stat --format %u "$workspace/$path")" -eq "$runner" ] || { echo "image: $path does not belong to the runner" >&2; exit 1; }
done

action 0 --env INPUT_FAIL-ON=never --env INPUT_SUMMARY=false --env INPUT_ANNOTATIONS=false \
    --env "INPUT_OUTPUT-DIR=out/ci" --env "INPUT_FORMATS=markdown gitlab-codequality"
is verdict passed
is sarif-file ""
[ -s "$workspace/out/ci/gl-code-quality-report.json" ] && [ -s "$workspace/out/ci/report.md" ]
[ ! -s "$work/gh/commands/summary" ] || { echo "image: a summary was written that was not wanted" >&2; exit 1; }

# A pull request that waives its own finding: the policy comes from the base commit, in a repository of another user.
base=$(git -c safe.directory='*' -C "$workspace" rev-parse HEAD)
cat >"$workspace/sluice.toml" <<TOML
[[waiver]]
check = "pickle-dangerous-call"
path = "bad/model.pkl"
reason = "trust me"
owner = "somebody"
until = "$(date --utc --date '+30 days' +%F)"
TOML
commit sluice.toml
echo "{\"pull_request\": {\"base\": {\"sha\": \"$base\"}}}" >"$work/gh/workflow/event.json"
action 0
is findings-waived 1
action 1 --env GITHUB_EVENT_NAME=pull_request
is findings-waived 0
echo "{\"pull_request\": {\"base\": {\"sha\": \"${base//?/a}\"}}}" >"$work/gh/workflow/event.json"
action 3 --env GITHUB_EVENT_NAME=pull_request
is verdict undecided

action 0 --env INPUT_PATHS=good
action 2 --env INPUT_FAIL-ON=sometimes
is verdict usage
action 2 --env INPUT_FAIL_ON=never
says 'there is no input `fail_on`'
action 2 --env INPUT_OUTPUT-DIR=../elsewhere
echo "image: works as a GitHub action"
