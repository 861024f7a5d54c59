#!/bin/sh
set -eu
dnf -y makecache
dnf -y upgrade --refresh
dnf -y install ca-certificates curl tar
