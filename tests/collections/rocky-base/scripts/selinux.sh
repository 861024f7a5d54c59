#!/bin/sh
set -eu
sed -i "s/^SELINUX=.*/SELINUX=$SELINUX/" /etc/selinux/config
restorecon -R /etc
