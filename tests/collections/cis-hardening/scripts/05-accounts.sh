#!/bin/sh
set -eu
echo "$BANNER" > /etc/issue.net
sed -i 's/^PASS_MAX_DAYS.*/PASS_MAX_DAYS 365/' /etc/login.defs
passwd --lock root
echo 'accounts ok' >> /var/log/hardening.log
