#!/bin/sh
set -eu
apt-get -y install "python$PYTHON" "python$PYTHON-venv" libpq-dev git
