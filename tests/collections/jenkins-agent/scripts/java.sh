#!/bin/sh
set -eu
apt-get -y install openjdk-17-jre-headless
