#!/bin/sh
# Gets the proxy that tests/anywhere puts before servers. They skip without it, so say so loudly.
set -eu
nginx=/usr/sbin/nginx
[ -x "$nginx" ] && exit 0
if [ "$(id -u)" = 0 ] && [ -e /etc/debian_version ] && command -v apt-get >/dev/null 2>&1; then
    echo "installing nginx for the tests of proxies (once)"
    # It need not run: the tests start their own.
    if apt-get update -q && DEBIAN_FRONTEND=noninteractive apt-get install -qy --no-install-recommends nginx; then
        exit 0
    fi
fi
echo "******************************************************************************"
echo "$nginx is missing: the tests of proxies WILL BE SKIPPED."
echo "On Debian, as root: apt-get install --no-install-recommends nginx"
echo "******************************************************************************"
