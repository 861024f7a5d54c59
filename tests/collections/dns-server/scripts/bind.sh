#!/bin/sh
set -eu
dnf -y install bind bind-utils
systemctl enable named
echo "zone \"$ZONE\" { type primary; file \"$ZONE.db\"; };" >> /etc/named.conf
