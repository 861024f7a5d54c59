#!/bin/sh
set -eu
export DEBIAN_FRONTEND=noninteractive
apt-get update -y
apt-get -y -o Dpkg::Options::=--force-confold dist-upgrade
apt-get -y install ca-certificates curl gnupg
