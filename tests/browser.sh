#!/bin/sh
# Gets the browser that tests/portal drives. Tests of pages skip without it, so say so loudly.
set -eu
browser=/usr/bin/chromium
[ -x "$browser" ] && exit 0
if [ "$(id -u)" = 0 ] && [ -e /etc/debian_version ] && command -v apt-get >/dev/null 2>&1; then
    echo "installing chromium for the tests of pages (some minutes, once)"
    if apt-get update -q && DEBIAN_FRONTEND=noninteractive apt-get install -qy --no-install-recommends chromium; then
        exit 0
    fi
fi
echo "******************************************************************************"
echo "$browser is missing: the tests of pages WILL BE SKIPPED."
echo "On Debian, as root: apt-get install --no-install-recommends chromium"
echo "******************************************************************************"
