#!/bin/sh
set -eu
rpm --import https://artifacts.elastic.co/GPG-KEY-elasticsearch
cat > /etc/yum.repos.d/elastic.repo <<END
[elastic]
name=Elastic
baseurl=https://artifacts.elastic.co/packages/$MAJOR.x/yum
gpgkey=https://artifacts.elastic.co/GPG-KEY-elasticsearch
END
dnf -y install elasticsearch
