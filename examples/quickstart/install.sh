#!/bin/sh
# Runs inside the root file system that is being built, as root of that and of nothing else.
set -eu

/opt/app/greet | grep -q . # the file step put it there, with its mode kept
ln -sf /opt/app/greet /usr/local/bin/greet
echo "built by $PACKER_BUILD_NAME on $(uname -m)" >/etc/motd
