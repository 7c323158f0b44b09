#!/bin/sh
# 100AC's command line in one file: behind this text come a program and the Deno that runs it,
# both compressed. The first start unpacks them into a folder that is this user's alone; each file
# gets its name only when it is whole, so first starts at the same time don't harm each other.
set -eu

# The hash of what is packed; the program's compressed size, the rest is Deno; where both begin.
key=@KEY@
program_bytes=@SIZE@
payload_line=@LINE@

fail() {
  echo "✗ Cannot unpack 100ac: $1; set XDG_CACHE_HOME to a folder of yours with 150 MB free" >&2
  exit 2
}

# A real folder, of this user, closed to others: nobody else can have put a program there.
is_ours() {
  [ -d "$1" ] || mkdir -p -m 700 "$1" 2>/dev/null || return 1
  [ ! -h "$1" ] && [ -O "$1" ] || return 1
  case $(ls -ld "$1") in drwx------*) return 0 ;; *) return 1 ;; esac
}

is_unpacked() {
  [ -x "$1/deno" ] && [ -r "$1/cli.js" ]
}

unpack() {
  mkdir -p -m 700 "$1" 2>/dev/null || return 1
  new=$(mktemp -d "$1/new.XXXXXX" 2>/dev/null) || return 1
  trap 'rm -rf "$new"' EXIT
  trap 'exit 129' HUP
  trap 'exit 130' INT
  trap 'exit 143' TERM
  tail -n "+$payload_line" "$0" | head -c "$program_bytes" | gzip -dc >"$new/cli.js" &&
    tail -n "+$payload_line" "$0" | tail -c "+$((program_bytes + 1))" | gzip -dc >"$new/deno" &&
    chmod 500 "$new/deno" &&
    mv -f "$new/cli.js" "$new/deno" "$1/" || return 1
  rm -rf "$new"
  trap - EXIT HUP INT TERM
}

# Sets `home`, where the program lies unpacked below folder $1.
settle() {
  home=$1/$key
  case $1 in /*) ;; *) return 1 ;; esac
  is_ours "$1" && { is_unpacked "$home" || { unpack "$home" && is_unpacked "$home"; }; }
}

cache=${XDG_CACHE_HOME:-${HOME:-}${HOME:+/.cache}}
settle "$cache${cache:+/100ac}" || settle "${TMPDIR:-/tmp}/100ac-$(id -u)" ||
  fail "neither the cache folder \"$cache\" nor \"${TMPDIR:-/tmp}\" can hold it for this user alone"

# A comma would part the path in two.
token=${AC100_DATA_DIR:-./data}/token
case $token in *,*) read=--allow-read ;; *) read=--allow-read=$token ;; esac
# These read the files that they are given.
case " $* " in *" workflow validate "* | *" workflow save "*) read=--allow-read ;; esac

# Deno itself is to keep its compiled code beside the program and to ask nobody for updates.
export DENO_DIR="$home/compiled" DENO_NO_UPDATE_CHECK=1 DENO_NO_PACKAGE_JSON=1
exec "$home/deno" run --quiet --no-config --no-lock --no-remote --no-npm "$read" @FLAGS@ \
  "$home/cli.js" "$@"
