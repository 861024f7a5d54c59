#!/bin/sh
set -eu
curl -fsSLo kafka.tgz "https://downloads.apache.org/kafka/$KAFKA/kafka_$SCALA-$KAFKA.tgz"
