#!/bin/sh
set -eu
git clone --depth 1 --branch "$REVISION" "$REPOSITORY" /opt/shop
"python$PYTHON" -m venv /opt/shop/venv
/opt/shop/venv/bin/pip install --requirement /opt/shop/requirements.txt gunicorn
