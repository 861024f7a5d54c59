#!/bin/sh
set -eu
apt-get -y install build-essential git htop jq python3 rsync unzip vim
update-alternatives --set editor /usr/bin/vim.basic || true
