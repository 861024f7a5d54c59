#!/bin/sh
set -eu
cat > /etc/sysctl.d/60-hardening.conf <<END
net.ipv4.conf.all.accept_redirects = 0
net.ipv4.conf.all.send_redirects = 0
net.ipv4.conf.all.log_martians = 1
net.ipv6.conf.all.accept_ra = 0
END
echo 'network ok' >> /var/log/hardening.log
