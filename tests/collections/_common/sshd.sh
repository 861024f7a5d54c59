#!/bin/sh
set -eu
for line in 'PermitRootLogin no' 'PasswordAuthentication no' 'UseDNS no' 'X11Forwarding no'; do
    key=${line%% *}
    sed -i "/^#*$key /d" /etc/ssh/sshd_config
    echo "$line" >> /etc/ssh/sshd_config
done
