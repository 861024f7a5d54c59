#!/bin/sh
set -eu
cat > /etc/systemd/system/no-hugepages.service <<END
[Service]
Type=oneshot
ExecStart=/bin/sh -c 'echo never > /sys/kernel/mm/transparent_hugepage/enabled'
[Install]
WantedBy=basic.target
END
systemctl enable no-hugepages
