#!/bin/sh
set -eu
curl -fsSL "https://deb.nodesource.com/setup_$NODE.x" | bash -
apt-get -y install nodejs
useradd --system --home /opt/app "$APP_USER" || true
install -d -o "$APP_USER" /opt/app
