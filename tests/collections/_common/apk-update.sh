#!/bin/sh
set -eu
apk update
apk upgrade --available
apk add ca-certificates curl
