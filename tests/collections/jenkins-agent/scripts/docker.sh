#!/bin/sh
set -eu
apt-get -y install docker.io
systemctl enable docker
