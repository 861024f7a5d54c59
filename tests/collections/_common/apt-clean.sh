#!/bin/sh
set -eu
apt-get -y autoremove --purge
apt-get -y clean
rm -rf /var/lib/apt/lists/* /tmp/* /var/tmp/*
find /var/log -type f -exec truncate --size=0 {} +
truncate --size=0 /etc/machine-id
