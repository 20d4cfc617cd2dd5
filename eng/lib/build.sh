# Builds what run and test start, once for each state of the sources. Sourced by them, never run.
REPO=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
export DOTNET_CLI_TELEMETRY_OPTOUT=1 DOTNET_NOLOGO=1 DOTNET_CLI_USE_MSBUILD_SERVER=0 MSBUILDDISABLENODEREUSE=1

# What the program is made of, and what the tests are made of beside it.
PROGRAM_SOURCES=(app client topology processors schemas samples appsettings.json eng/BannedSymbols.txt
  .editorconfig Directory.Build.props Directory.Packages.props global.json nuget.config)
ALL_SOURCES=("${PROGRAM_SOURCES[@]}" tests benchmarks StreamScoring.slnx)

complain() { echo "StreamScoring: $*" >&2; }

find_dotnet() {
  command -v dotnet >/dev/null && return
  local folder
  for folder in "${DOTNET_ROOT:-}" "$HOME/.dotnet" /usr/share/dotnet /usr/lib/dotnet; do
    [[ -x $folder/dotnet ]] && { PATH=$folder:$PATH; return; }
  done
  complain "the .NET 10 SDK is needed, and no 'dotnet' was found in PATH, DOTNET_ROOT or ~/.dotnet." \
    "Install it (https://dotnet.microsoft.com/download/dotnet/10.0) and start again."
  exit 1
}

require_sdk() {
  local sdks
  sdks=$(dotnet --list-sdks 2>/dev/null) || true
  grep -q '^10\.' <<<"$sdks" && return
  complain "the .NET 10 SDK is needed; this machine has: ${sdks:-no SDK, only a runtime}." \
    "Install it (https://dotnet.microsoft.com/download/dotnet/10.0) and start again."
  exit 1
}

# Path, size and time of every source file, as one hash: milliseconds, and deletions count too.
fingerprint() {
  local present=() source
  for source in "$@"; do [[ -e $REPO/$source ]] && present+=("$source"); done
  {
    echo "gpu=${GPU:-0}"
    (cd "$REPO" && find "${present[@]}" \( -name bin -o -name obj -o -name node_modules -o -name TestResults \) -prune -o \
      -type f -printf '%p %s %T@\n' | LC_ALL=C sort)
  } | sha256sum | cut -d' ' -f1
}

stamp_of() { echo "$REPO/artifacts/build/$1"; }

# is_built NAME FINGERPRINT FILE: FILE is there and was built from these sources.
is_built() { [[ -e $3 && -e $(stamp_of "$1") && $(<"$(stamp_of "$1")") == "$2" ]]; }

# build PROJECT WHAT: a release build of a project or the solution, silent unless it fails.
build() {
  local log=$REPO/artifacts/build/log.txt properties=()
  [[ ${GPU:-0} == 1 || ${GPU:-} == true ]] && properties+=(-p:Gpu=true)
  complain "building $2 ..."
  # MSBuild writes into files that are there; a program that runs from them would crash. Removed ones it keeps.
  rm -rf "$REPO/app/bin/Release"
  # No compiler server: it would outlive this shell and hold what it inherits, the lock among it.
  if ! (cd "$REPO" && dotnet build "$1" --configuration Release --nologo --verbosity quiet \
    -consoleLoggerParameters:NoSummary -p:UseSharedCompilation=false "${properties[@]}") >"$log" 2>&1 {lock}>&-; then
    cat "$log" >&2
    complain "the build failed; see the errors above."
    return 1
  fi
}

# under_lock COMMAND...: one build at a time in this folder, whoever starts it. Exports nothing to the caller's shell.
under_lock() {
  mkdir -p "$REPO/artifacts/build"
  (
    exec {lock}>"$REPO/artifacts/build/lock"
    flock --nonblock "$lock" || { complain "waiting for another build"; flock "$lock"; }
    "$@"
  )
}
