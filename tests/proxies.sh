#!/bin/sh
# Gets nginx and PgBouncer, which tests/anywhere puts before servers and before the database. Those
# tests skip without them, so say so loudly.
set -eu
missing=""
[ -x /usr/sbin/nginx ] || missing="$missing nginx"
[ -x /usr/sbin/pgbouncer ] || missing="$missing pgbouncer"
[ -z "$missing" ] && exit 0
if [ "$(id -u)" = 0 ] && [ -e /etc/debian_version ] && command -v apt-get >/dev/null 2>&1; then
    echo "installing$missing for the tests of proxies (once)"
    # They need not run: the tests start their own.
    if apt-get update -q && DEBIAN_FRONTEND=noninteractive apt-get install -qy --no-install-recommends $missing; then
        exit 0
    fi
fi
echo "******************************************************************************"
echo "Missing:$missing. The tests of proxies WILL BE SKIPPED."
echo "On Debian, as root: apt-get install --no-install-recommends$missing"
echo "******************************************************************************"
