#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# The Debian package of the program in a system that has nothing else: fresh_tree.sh FOVEA.deb [SUITE]
# Makes a tree of Debian (bookworm, or SUITE) with its package manager alone, installs the package there, and runs the demo. Needs
# root, mmdebstrap and a mirror; not part of the tests that run everywhere.
set -euo pipefail
package=$(realpath "${1:?FOVEA.deb [SUITE]}") suite=${2:-bookworm}
((EUID == 0)) || { echo "fresh_tree.sh needs root" >&2; exit 1; }
command -v mmdebstrap >/dev/null || { echo "fresh_tree.sh needs mmdebstrap" >&2; exit 1; }
tree=$(mktemp -d)
trap 'rm -rf "$tree"' EXIT
mirror=$(grep -hoE 'https?://[^ ]*/debian/?( |$)' /etc/apt/sources.list /etc/apt/sources.list.d/* 2>/dev/null | head -1 || true)
mmdebstrap --quiet --variant=apt "$suite" "$tree" "${mirror:-http://deb.debian.org/debian}"
cp "$package" "$tree/tmp/fovea.deb"
chroot "$tree" sh -euc '
  apt-get update -qq
  DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends /tmp/fovea.deb >/dev/null
  test -s /usr/share/man/man1/fovea.1.gz && test -s /usr/share/bash-completion/completions/fovea
  cd /tmp && fovea --version && fovea demo'
