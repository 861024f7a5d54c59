#!/bin/sh
set -eu
apt-get -y install fail2ban
printf '[sshd]\nenabled = true\nbantime = 1h\n' > /etc/fail2ban/jail.local
