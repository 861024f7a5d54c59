#!/bin/sh
set -eu
debconf-set-selections <<END
mysql-server mysql-server/root_password password $ROOT_PASSWORD
mysql-server mysql-server/root_password_again password $ROOT_PASSWORD
END
apt-get -y install mysql-server
mysql -uroot -p"$ROOT_PASSWORD" -e "delete from mysql.user where user=''; flush privileges"
