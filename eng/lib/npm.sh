# Fetches package content from the npm registry. Sourced by packages.sh.

# fetch_npm NAME VERSION SHA512 FOLDER [MEMBER...]: unpacks the tarball, or those members of it, into FOLDER,
# after its hash was checked. A tarball is fetched once in a run.
fetch_npm() {
  local name=$1 version=$2 sha512=$3 folder=$4 tarball
  shift 4
  tarball=$WORK/npm/${name//[@\/]/_}-$version.tgz
  if [[ ! -e $tarball ]]; then
    require npm "install Node.js with npm (on Debian: apt-get install npm)"
    mkdir -p "$WORK/npm/incoming"
    say "fetching $name $version from npm"
    (cd "$WORK/npm/incoming" && quietly "$WORK/npm.log" npm pack "$name@$version" --cache "$WORK/npm/cache")
    mv "$WORK/npm/incoming"/*.tgz "$tarball"
  fi
  sha512sum --check --status <<<"$sha512  $tarball" ||
    die "$name $version from npm has another SHA-512 than the one pinned in eng/packages; nothing was made."
  mkdir -p "$folder"
  tar -xzf "$tarball" -C "$folder" --no-same-owner --strip-components=1 "${@/#/package/}"
}
