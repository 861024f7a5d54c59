#!/bin/sh
set -eu
apt-get -y install containerd
containerd config default | sed -e 's/SystemdCgroup = false/SystemdCgroup = true/' -e "s|pause:[0-9.]*|pause:$PAUSE|" > /etc/containerd/config.toml
systemctl enable containerd
