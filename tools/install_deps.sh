#!/bin/sh
# Debian packages that some tests want: `make deps`. Mosquitto's own service is neither started nor left enabled:
# the tests run one of their own on a port of the loopback.
set -eu

wanted="graphviz mosquitto"

if ! command -v apt-get >/dev/null; then
    echo "there is no apt-get here; install by hand: $wanted" >&2
    exit 1
fi

policy=/usr/sbin/policy-rc.d
made=
if [ ! -e "$policy" ]; then
    printf '#!/bin/sh\nexit 101\n' >"$policy"
    chmod 755 "$policy"
    made=yes
fi
trap '[ -z "$made" ] || rm -f "$policy"' EXIT

running=
if dpkg -s mosquitto >/dev/null 2>&1; then
    running=kept # it was here before: whether its service runs is not ours to say
fi
export DEBIAN_FRONTEND=noninteractive
apt-get update
# shellcheck disable=SC2086 # a list
apt-get install -y --no-install-recommends $wanted
if [ -z "$running" ] && command -v systemctl >/dev/null; then
    systemctl disable mosquitto >/dev/null 2>&1 || true
fi
