#!/bin/sh
set -eu
: "${ADMIN:?the name of the administrator}"
id "$ADMIN" >/dev/null 2>&1 || useradd --create-home --shell /bin/bash "$ADMIN"
install -d -m 0700 -o "$ADMIN" "/home/$ADMIN/.ssh"
echo "$ADMIN ALL=(ALL) NOPASSWD:ALL" > "/etc/sudoers.d/$ADMIN"
chmod 0440 "/etc/sudoers.d/$ADMIN"
