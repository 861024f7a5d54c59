#!/bin/sh
set -eu
dnf -y install firewalld
systemctl enable firewalld
firewall-offline-cmd --add-service=ssh
