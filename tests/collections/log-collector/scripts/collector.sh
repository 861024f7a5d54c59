#!/bin/sh
set -eu
apt-get -y install rsyslog
install -m 0644 /tmp/collector/collector.conf /etc/rsyslog.d/90-collector.conf
rsyslogd -N1
