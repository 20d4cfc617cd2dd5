# Shared by the scripts of eng/: messages, the work folder, the lock. Sourced, never run.
ENG=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)

say() { echo "packages: $*" >&2; }
die() { echo "packages: error: $*" >&2; exit 1; }

# require COMMAND ADVICE
require() { command -v "$1" >/dev/null || die "'$1' is needed and was not found; $2."; }

# quietly LOG COMMAND...: the output goes to LOG, and to the terminal only when the command fails.
quietly() {
  local log=$1
  shift
  "$@" >"$log" 2>&1 || { tail -n 40 "$log" >&2; die "'$1' failed (the end of its output is above)."; }
}

# Everything is made under WORK, which goes away however the script ends; only finished packages leave it.
make_work_folder() {
  WORK=$(mktemp -d "${TMPDIR:-/tmp}/streamscoring-packages.XXXXXX")
  trap 'rm -rf "$WORK"' EXIT
  trap 'exit 130' INT
  trap 'exit 143' TERM HUP
}

lock_feed() {
  require flock "it is part of util-linux"
  exec {lock}>"$ENG/feed/.lock"
  flock --nonblock "$lock" || { say "waiting for another process that is making packages"; flock "$lock"; }
}

# install_debian PACKAGE...: installs what is missing, where this is Debian and we may; elsewhere the caller's own
# checks say what is missing.
install_debian() {
  local missing=() package
  command -v dpkg-query >/dev/null && command -v apt-get >/dev/null || return 0
  for package in "$@"; do
    [[ $(dpkg-query -W -f '${db:Status-Status}' "$package" 2>/dev/null) == installed ]] || missing+=("$package")
  done
  (( ${#missing[@]} )) || return 0
  (( EUID == 0 )) || die "please run: sudo apt-get install ${missing[*]}"
  say "apt-get install ${missing[*]}"
  quietly "$WORK/apt-update.log" apt-get update -qq
  DEBIAN_FRONTEND=noninteractive quietly "$WORK/apt.log" \
    apt-get install -y -qq --no-install-recommends -o DPkg::Lock::Timeout=300 "${missing[@]}"
}

linux_rid() {
  [[ $(uname -s) == Linux ]] || die "packages can be made on Linux only; add a NuGet source that has them."
  case $(uname -m) in
    x86_64) echo linux-x64 ;;
    aarch64) echo linux-arm64 ;;
    *) die "no package can be made for $(uname -m); add a NuGet source that has them." ;;
  esac
}
