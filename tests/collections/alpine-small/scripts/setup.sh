#!/bin/sh
set -eu
echo "$HOSTNAME_WANTED" > /etc/hostname
rc-update add sshd default
rc-update add chronyd default
