#!/usr/bin/env bash
# podman, configured so that it also works as root on a machine without cgroup v2 and without the right to raise limits.
set -euo pipefail
CONTAINERS_CONF=$(cd "$(dirname "$0")" && pwd)/containers.conf exec podman "$@"
