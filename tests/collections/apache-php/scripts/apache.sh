#!/bin/sh
set -eu
apt-get update
apt-get -y install apache2 "libapache2-mod-php$PHP" "php$PHP-mysql" "php$PHP-xml"
a2enmod rewrite headers ssl
a2dissite 000-default
