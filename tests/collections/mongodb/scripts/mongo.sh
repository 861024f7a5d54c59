#!/bin/sh
set -eu
curl -fsSL "https://www.mongodb.org/static/pgp/server-$VERSION.asc" | gpg --dearmor -o /usr/share/keyrings/mongodb.gpg
echo "deb [signed-by=/usr/share/keyrings/mongodb.gpg] https://repo.mongodb.org/apt/debian bookworm/mongodb-org/$VERSION main" > /etc/apt/sources.list.d/mongodb.list
apt-get update && apt-get -y install mongodb-org
