#!/bin/sh
set -eu
apt-get -y install default-jre-headless
install -d /opt/kafka /etc/kafka /var/lib/kafka
tar -C /opt/kafka --strip-components=1 -xzf /tmp/kafka.tgz
mv /tmp/server.properties /etc/kafka/
mv /tmp/kafka.service /etc/systemd/system/
