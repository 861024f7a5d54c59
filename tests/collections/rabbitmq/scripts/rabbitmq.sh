#!/bin/sh
set -eu
apt-get -y install rabbitmq-server
printf %s "$COOKIE" > /var/lib/rabbitmq/.erlang.cookie
chmod 0400 /var/lib/rabbitmq/.erlang.cookie
echo "NODENAME=rabbit@$NODE_NAME" > /etc/rabbitmq/rabbitmq-env.conf
