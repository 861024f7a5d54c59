#!/bin/sh
set -eu
apt-get -y install wireguard ufw
umask 077
wg genkey | tee /etc/wireguard/private.key | wg pubkey > /etc/wireguard/public.key
cat > /etc/wireguard/wg0.conf <<END
[Interface]
Address = ${NETWORK%.0/*}.1/$PREFIX
ListenPort = $PORT
PostUp = wg set %i private-key /etc/wireguard/private.key
END
