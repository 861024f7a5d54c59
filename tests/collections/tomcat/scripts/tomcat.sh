#!/bin/sh
set -eu
useradd --system --home-dir /opt/tomcat tomcat || true
curl -fsSL "https://archive.apache.org/dist/tomcat/tomcat-10/v$TOMCAT/bin/apache-tomcat-$TOMCAT.tar.gz" | tar -xz -C /opt
mv "/opt/apache-tomcat-$TOMCAT" /opt/tomcat
echo "heap $HEAP"
chown -R tomcat: /opt/tomcat
