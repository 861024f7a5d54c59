#!/bin/sh
set -eu
useradd --system --no-create-home prometheus || true
install -d -o prometheus /etc/prometheus /var/lib/prometheus
curl -fsSL "https://github.com/prometheus/prometheus/releases/download/v$VERSION/prometheus-$VERSION.linux-amd64.tar.gz" | tar -xz -C /usr/local/bin --strip-components=1
echo "ARGS=--storage.tsdb.retention.time=$RETENTION" > /etc/default/prometheus
