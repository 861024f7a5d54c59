#!/bin/sh
set -eu
install -m 0644 /tmp/modules.conf /etc/modules-load.d/kubernetes.conf
install -m 0644 /tmp/sysctl.conf /etc/sysctl.d/90-kubernetes.conf
swapoff --all
sed -i '/ swap / s/^/#/' /etc/fstab
