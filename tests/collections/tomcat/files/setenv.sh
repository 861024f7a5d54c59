#!/bin/sh
export CATALINA_OPTS="-Xmx1g -Djava.awt.headless=true"
