#!/usr/bin/env bash
# Both commands of the README on a bare Debian: a root with python3, pip, venv, make and git, and nothing else.
#
#   packaging/bare-root.sh SUITE [COMMAND …]      SUITE: bookworm (Python 3.11), trixie (Python 3.13)
#
# Needs root, debootstrap and some 6 GB in BARE_ROOTS (/var/tmp/bare). The root is made once a suite, a fresh clone of HEAD in it
# each time. The mirror is the first Debian one of this machine's apt; pip, npm and certificates are set up as on this machine.
set -euo pipefail
cd "$(dirname "$0")/.."
SUITE=${1:?which Debian: bookworm or trixie}; shift
[ $# -gt 0 ] || set -- "make demo HEADLESS=1 TRAVELLERS=12 SEED=7" "make test"
ROOT=${BARE_ROOTS:-/var/tmp/bare}/$SUITE

mirror() {
    { apt-get indextargets --format '$(REPO_URI) $(ORIGIN)' 2>/dev/null | awk '$2 == "Debian" { print $1 }'
      grep -hoE '^(URIs:|deb( \[[^]]*\])?) *[a-z+]+://[^ ]+/debian/?( |$)' -r /etc/apt/sources.list /etc/apt/sources.list.d 2>/dev/null \
          | grep -oE '[a-z+]+://[^ ]+'; } | sort -u | grep -v security | head -1
}

if [ ! -e "$ROOT/usr/bin/git" ]; then
    MIRROR=$(mirror)
    [ -n "$MIRROR" ] || { echo "no Debian mirror in this machine's apt configuration" >&2; exit 1; }
    mkdir -p "$ROOT"
    debootstrap --variant=minbase --include=ca-certificates,python3,python3-pip,python3-venv,make,git "$SUITE" "$ROOT" "$MIRROR"
fi

# How this machine reaches what it installs from.
cp -L /etc/resolv.conf /etc/hosts "$ROOT/etc/"
for file in /etc/pip.conf /etc/xdg/pip/pip.conf /etc/xdg/pip/constraints.txt /etc/uv/uv.toml /etc/npmrc ~/.config/uv/uv.toml ~/.config/pip/pip.conf \
            /etc/ssl/certs/ca-certificates.crt; do
    [ -e "$file" ] && install -D -m 600 "$file" "$ROOT$file"
done
chmod 644 "$ROOT/etc/ssl/certs/ca-certificates.crt"

rm -rf "$ROOT/gate-agent"
git clone -q . "$ROOT/gate-agent"

for mount in proc sys dev dev/pts dev/shm; do mountpoint -q "$ROOT/$mount" || mount --bind "/$mount" "$ROOT/$mount"; done
trap 'for mount in dev/shm dev/pts dev sys proc; do umount "$ROOT/$mount" || umount -l "$ROOT/$mount"; done' EXIT

for command in "$@"; do
    echo "== $SUITE: $command"
    chroot "$ROOT" /usr/bin/env -i HOME=/root PATH=/usr/sbin:/usr/bin:/sbin:/bin LANG=C.UTF-8 $(env | grep -E '^(PIP|UV)_|^[a-zA-Z_]*(proxy|PROXY)=|^SSL_CERT_FILE=' | grep -v FIND_LINKS || true) \
        bash -c "cd /gate-agent && python3 --version && time $command"
done
