#!/bin/sh
set -eu
echo "postfix postfix/mailname string $MAIL_HOST" | debconf-set-selections
apt-get -y install postfix libsasl2-modules
postconf -e "relayhost = $RELAY" 'smtp_tls_security_level = encrypt'
