#!/bin/sh
set -eu
apt-get -y install haproxy
{
    echo 'listen stats'
    echo '    bind 127.0.0.1:8404'
    echo "    stats auth admin:$STATS_PASSWORD"
    echo 'backend web'
    n=0
    for address in $(echo "$BACKENDS" | tr , ' '); do
        n=$((n + 1))
        echo "    server web$n $address:80 check"
    done
} >> /etc/haproxy/haproxy.cfg
