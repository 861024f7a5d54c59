#!/bin/sh
set -eu
dnf -y autoremove
dnf -y clean all
rm -rf /var/cache/dnf /tmp/* /var/tmp/*
find /var/log -type f -exec truncate --size=0 {} +
truncate --size=0 /etc/machine-id
