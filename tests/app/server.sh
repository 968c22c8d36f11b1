# SPDX-License-Identifier: Apache-2.0
# Sourced after common.sh by tests that download: a server on loopback of the folder "served", $url, which writes its requests to
# the file "log". It ends with the test.
command -v python3 >/dev/null || { echo "skipped: no python3"; exit 77; }
cd "$work" || exit 1
mkdir served
: >log
coproc server { exec python3 "$here/file_server.py" "$work/served" "$work/log"; }
server_pid=$!
trap 'kill $server_pid 2>/dev/null; rm -rf "$work"' EXIT
read -r port <&"${server[0]}"
url=http://127.0.0.1:$port
