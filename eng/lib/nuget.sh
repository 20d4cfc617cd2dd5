# What NuGet already has, and how a finished package gets to eng/feed. Sourced by packages.sh.
# A package is named ID/VERSION here.
FEED=$ENG/feed
NUGET_CACHE=${NUGET_PACKAGES:-$HOME/.nuget/packages}

# Counts changes of the recipes: packages made by another revision are made anew. Each package carries the file
# recipe-N, by which one of ours is told from an original in NuGet's cache.
RECIPE=1

feed_file() { echo "$FEED/${1%/*}.${1#*/}.nupkg"; }
cache_folder() { echo "$NUGET_CACHE/${1,,}"; }
probe_stamp() { echo "$FEED/.found.${1%/*}.${1#*/}"; }

is_outdated_in_cache() {
  local marks
  marks=$(compgen -G "$(cache_folder "$1")/recipe-*") && [[ $marks != */recipe-$RECIPE ]]
}

is_feed_current() { [[ $(cat "$FEED/.recipe" 2>/dev/null) == "$RECIPE" ]]; }

nuget_has() {
  is_outdated_in_cache "$1" && return 1
  [[ -e $(cache_folder "$1")/.nupkg.metadata || -e $(probe_stamp "$1") ]] && return 0
  is_feed_current && [[ -e $(feed_file "$1") ]]
}

discard_outdated_feed() {
  is_feed_current && return
  rm -f "$FEED"/*.nupkg
  echo "$RECIPE" >"$FEED/.recipe"
}

# probe_sources PACKAGE...: asks the machine's own sources (outside the repository, so without eng/feed).
probe_sources() {
  local package folder=$WORK/probe
  for package in "$@"; do
    [[ -e $(feed_file "$package") ]] && return 1
    is_outdated_in_cache "$package" && return 1
    mkdir -p "$folder"
    cat >"$folder/probe.csproj" <<PROJECT
<Project Sdk="Microsoft.NET.Sdk">
  <PropertyGroup><TargetFramework>net10.0</TargetFramework><NuGetAudit>false</NuGetAudit></PropertyGroup>
  <ItemGroup><PackageDownload Include="${package%/*}" Version="[${package#*/}]" /></ItemGroup>
</Project>
PROJECT
    dotnet restore "$folder/probe.csproj" -nodeReuse:false >"$folder/log" 2>&1 || return 1
    touch "$(probe_stamp "$package")"
  done
}

# pack PROJECT PROPERTY=VALUE...: makes a package from a project of packages/ into $WORK/out.
pack() {
  local project=$1 properties=() property
  shift
  for property in "$@"; do properties+=("-p:$property"); done
  quietly "$WORK/pack.log" dotnet pack "$project" -c Release -o "$WORK/out" -nodeReuse:false -m:1 \
    -p:WorkFolder="$WORK/msbuild/" -p:Recipe="$RECIPE" "${properties[@]}"
}

# publish PACKAGE...: moves finished packages to the feed, each in one step.
publish() {
  local package file
  for package in "$@"; do
    file=$(feed_file "$package")
    [[ -e $WORK/out/${file##*/} ]] || die "the recipe did not make ${file##*/}"
    cp "$WORK/out/${file##*/}" "$FEED/.incoming"
    mv -f "$FEED/.incoming" "$file"
    # NuGet never looks at a feed for what its cache has, so a replaced package has to leave the cache.
    if compgen -G "$(cache_folder "$package")/recipe-*" >/dev/null; then rm -rf "$(cache_folder "$package")"; fi
    say "made eng/feed/${file##*/}"
  done
}
