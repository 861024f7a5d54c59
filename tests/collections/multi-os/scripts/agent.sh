#!/bin/sh
set -eu
case ${INIT:-systemd} in
    openrc) rc-update add agent default ;;
    *) systemctl enable agent.service ;;
esac
echo "$FAMILY" > /etc/agent-family
