#!/usr/bin/env bash
# Installs the program as people do, runs it as nobody from another folder, and removes it without a trace: by `neuroscope install`
# into a folder that is then moved, and, as root on a machine with dpkg, by the package: here and in a Debian that has nothing else.
#
#     Tests/Conformance/package.sh BINARY       one of `swift build -c release --static-swift-stdlib`
set -euo pipefail
binary=$(realpath "${1:?which binary?}")
repository=$(realpath "$(dirname "$0")/../..")
scratch=$(mktemp -d)
server=
trap 'if [ -n "$server" ]; then kill "$server" 2> /dev/null || true; fi; rm -rf "$scratch"' EXIT
chmod 755 "$scratch"
# Takes the place of the shell that calls it.
as_nobody() { if [ "$(id -u)" -eq 0 ]; then exec setpriv --reuid=65534 --regid=65534 --clear-groups "$@"; else exec "$@"; fi; }

# serves PROGRAM: whether it answers with its page, its model and its description from a folder that is not its own.
serves() {
  cd /
  HOME=/nonexistent as_nobody "$1" serve --port 0 --no-recordings > "$scratch/log" 2>&1 &
  server=$!
  local url=
  for _ in $(seq 300); do
    url=$(grep -aoE 'http://127\.0\.0\.1:[0-9]+' "$scratch/log" | head -1) || true
    if [ -n "$url" ] && curl -fs "$url/readyz" > /dev/null; then break; fi
    kill -0 "$server" || { cat "$scratch/log"; exit 1; }
    sleep 0.2
  done
  for path in / /dashboard/app.js /v1/openapi.json /v1/scenarios; do curl -fs "$url$path" > /dev/null; done
  curl -fs "$url/v1/completions" -H 'Content-Type: application/json' -d '{"prompt":"The capital of France is","max_tokens":3}' \
    | grep -q '"finish_reason":"length"'
  kill -TERM "$server"
  wait "$server"
  server=
  echo "ok $1 serves its page, description and model"
}

"$binary" install --prefix "$scratch/first"
mv "$scratch/first" "$scratch/second"
serves "$scratch/second/bin/neuroscope"
for shell in bash zsh; do
  if command -v "$shell" > /dev/null; then
    find "$scratch/second/share" -path "*$shell*" -type f -exec "$shell" -n {} \;
    echo "ok completions for $shell can be read"
  fi
done
if command -v man > /dev/null && man --version > /dev/null 2>&1; then
  [ -z "$(LC_ALL=C.UTF-8 MANWIDTH=100 man --warnings -l "$scratch/second/share/man/man1/neuroscope.1" 2>&1 > /dev/null)" ]
  echo "ok manual"
fi
if command -v systemd-analyze > /dev/null; then
  systemd-analyze verify "$scratch/second/lib/systemd/system/neuroscope.service" || true
fi

if [ "$(id -u)" -eq 0 ] && command -v dpkg > /dev/null && ! dpkg -s neuroscope > /dev/null 2>&1; then
  "$repository/.ci/package" "$scratch/out" "$binary"
  listing() { find /usr /etc /opt /var/lib -xdev -not -path '/var/lib/dpkg/*' -not -path '*/__pycache__*' 2> /dev/null | sort; }
  listing > "$scratch/before"
  dpkg -i "$scratch"/out/neuroscope_*.deb
  serves /usr/bin/neuroscope
  dpkg --purge neuroscope
  listing > "$scratch/after"
  diff "$scratch/before" "$scratch/after"
  echo "ok the package leaves no trace"
  "$repository/Tests/Conformance/container.py" "$scratch/out"
fi
