#!/bin/sh
set -eu
apt-get -y install redis-server
sed -i "s/^# maxmemory .*/maxmemory $MAXMEMORY/" /etc/redis/redis.conf
sed -i 's/^bind .*/bind 0.0.0.0/' /etc/redis/redis.conf
sysctl -w vm.overcommit_memory=1
