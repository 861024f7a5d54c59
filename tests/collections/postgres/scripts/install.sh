#!/bin/sh
set -eu
apt-get -y install "postgresql-$VERSION" "postgresql-contrib"
pg_conftool "$VERSION" main set listen_addresses '*'
