#!/bin/sh
set -eu
dnf -y install "java-$JAVA-openjdk-headless"
