#!/bin/sh
set -eu
curl -fsSL "https://pkgs.k8s.io/core:/stable:/v$KUBERNETES/deb/Release.key" | gpg --dearmor -o /etc/apt/keyrings/kubernetes.gpg
echo "deb [signed-by=/etc/apt/keyrings/kubernetes.gpg] https://pkgs.k8s.io/core:/stable:/v$KUBERNETES/deb/ /" > /etc/apt/sources.list.d/kubernetes.list
apt-get update && apt-get -y install kubelet kubeadm kubectl
apt-mark hold kubelet kubeadm kubectl
echo "cni $CNI"
