#!/usr/bin/env bash
# The guide's step 5 as a person would put it into a loop: label, restart, wait for each rollout, next namespace.
# Arguments: namespaces. KUBECTL and REVISION are in the environment. Through `xargs -P` several of these run at once.
set -euo pipefail
for namespace in "$@"; do
  "$KUBECTL" label namespace "$namespace" istio-injection- "istio.io/rev=$REVISION" --overwrite
  "$KUBECTL" rollout restart deployment -n "$namespace"
  for deployment in $("$KUBECTL" get deployment -n "$namespace" -o name); do
    "$KUBECTL" rollout status -n "$namespace" "$deployment"
  done
done
