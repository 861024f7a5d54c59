#!/bin/sh
set -eu
sed -i "s/^# *$LANG_WANTED/$LANG_WANTED/" /etc/locale.gen
locale-gen
update-locale LANG="$LANG_WANTED"
