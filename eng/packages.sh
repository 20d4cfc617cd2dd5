#!/usr/bin/env bash
# Makes the NuGet packages that this project references and this machine's NuGet sources lack.
#
#   eng/packages.sh [--gpu] [--force]
#
#   --gpu    also those of a build with -p:Gpu=true (or set GPU=1)
#   --force  make them even where the machine has them
#
# Where the sources have a package, nothing is made. Otherwise its content comes from the npm registry, pinned by its
# SHA-512, and the package goes to eng/feed, which nuget.config adds to the machine's sources. Once all are there, a
# run takes milliseconds. It can be interrupted at any time and run by several processes at once.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")"
source lib/common.sh
source lib/nuget.sh
source lib/npm.sh

gpu=${GPU:-0} force=0
for argument in "$@"; do
  case $argument in
    --gpu) gpu=1 ;;
    --force) force=1 ;;
    -h | --help) sed -n '2,/^set /{/^set /d;s/^# \{0,1\}//;p}' packages.sh; exit 0 ;;
    *) die "unknown option '$argument'; try eng/packages.sh --help" ;;
  esac
done

# One recipe is one folder of packages/; its make.sh says what it makes.
recipes=(librdkafka onnxruntime)
[[ $gpu == 1 || $gpu == true ]] && recipes+=(onnxruntime-gpu)

packages_of() { ( source "packages/$1/make.sh"; echo "${PACKAGES[@]}" ); }

is_ready() {
  local package
  for package in $(packages_of "$1"); do nuget_has "$package" || return 1; done
}

pending() {
  local recipe
  for recipe in "${recipes[@]}"; do
    if (( force )) || ! is_ready "$recipe"; then echo "$recipe"; fi
  done
}

[[ -n $(pending) ]] || exit 0

require dotnet "install the .NET 10 SDK"
make_work_folder
lock_feed                  # another process may have made them while this one waited
discard_outdated_feed
for recipe in $(pending); do
  (( force )) || { probe_sources $(packages_of "$recipe") && continue; }
  say "making $(packages_of "$recipe" | tr ' ' ',') (not in this machine's NuGet sources)"
  (
    source "packages/$recipe/make.sh"
    make_packages
    publish "${PACKAGES[@]}"
  )
done
