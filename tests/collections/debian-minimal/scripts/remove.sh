#!/bin/sh
set -eu
apt-get -y purge exim4-base mlocate nano tasksel || true
apt-get -y install --no-install-recommends chrony less
