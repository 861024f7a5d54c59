#!/bin/sh
set -eu
apt-get -y install restic
install -d -m 0700 "$REPOSITORY"
restic init --repo "$REPOSITORY" --insecure-no-password || true
