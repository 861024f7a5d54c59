#!/bin/sh
set -eu
apt-get -y install auditd
echo '-w /etc/passwd -p wa -k identity' > /etc/audit/rules.d/identity.rules
echo 'audit ok' >> /var/log/hardening.log
