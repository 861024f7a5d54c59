#!/bin/sh
set -eu
apt-get -y install nginx
rm -f /etc/nginx/sites-enabled/default
echo "$SERVER_NAME" > /etc/mailname
sed -i "s/^worker_processes.*/worker_processes $WORKERS;/" /etc/nginx/nginx.conf
systemctl enable nginx
