#!/bin/sh
# Stands in front of upstream's istioctl in the sandbox's release archive. The vendor's istioctl knows the profile
# `asm-multicloud` and carries its charts; upstream's development build accepts only its own profile names or file
# paths, and carries none. So the vendor's name becomes the archive's own file, and the charts are the archive's own.
here=$(cd "$(dirname "$0")/.." && pwd)
count=$#
while [ "$count" -gt 0 ]; do
  argument=$1
  shift
  case "$argument" in
    profile=asm-*) argument="profile=$here/manifests/profiles/${argument#profile=}.yaml" ;;
    --set=profile=asm-*) argument="--set=profile=$here/manifests/profiles/${argument#--set=profile=}.yaml" ;;
  esac
  set -- "$@" "$argument"
  count=$((count - 1))
done
case "$1" in
  install | manifest) [ -d "$here/manifests/charts" ] && set -- "$@" --charts "$here/manifests" ;;
esac
exec "$here/bin/istioctl-bin" "$@"
