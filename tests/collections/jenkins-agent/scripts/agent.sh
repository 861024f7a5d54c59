#!/bin/sh
set -eu
useradd --create-home --groups docker jenkins || true
install -d -o jenkins /opt/agent
curl -fsSLo /opt/agent/agent.jar "$CONTROLLER/jnlpJars/agent.jar"
printf '#!/bin/sh\nexec java -jar /opt/agent/agent.jar -url %s -labels "%s"\n' "$CONTROLLER" "$LABELS" > /opt/agent/run
chmod 0755 /opt/agent/run
