#!/bin/sh
set -eu
apt-get -y install build-essential cmake git git-lfs jq unzip zip
apt-get -y install docker.io docker-compose
