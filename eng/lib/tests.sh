# Runs the test projects and adds up what they say. Sourced by test, never run.

# A project that is still running after this long hangs.
PROJECT_LIMIT=${STREAMSCORING_TEST_LIMIT:-20m}

build_all() {
  local sources program
  sources=$(fingerprint "${ALL_SOURCES[@]}")
  program=$(fingerprint "${PROGRAM_SOURCES[@]}")
  is_built all "$sources" "$REPO/app/bin/Release/net10.0/streamscoring.dll" && return
  "$REPO/eng/packages.sh" {lock}>&-
  build StreamScoring.slnx "the program and its tests"
  echo "$sources" >"$(stamp_of all)"
  echo "$program" >"$(stamp_of program)"
}

# The test projects of the solution, in its order: what others build on comes first.
test_projects() { sed -n 's/.*Path="\(tests\/[^"]*\.Tests\.csproj\)".*/\1/p' "$REPO/StreamScoring.slnx"; }

# run_project PROJECT LOGS OPTION...: its output goes to the terminal and to LOGS.
run_project() {
  local project=$1 name code=0
  name=$(basename "$project" .csproj)
  local log=$2/$name.log
  shift 2
  echo "── $name"
  # The terminal does not show what librdkafka says while a test breaks its connections (%LEVEL|TIME|…).
  # --foreground leaves Ctrl-C to the tests, which then clean up.
  timeout --foreground --kill-after=30s "$PROJECT_LIMIT" \
    dotnet "$REPO/$(dirname "$project")/bin/Release/net10.0/$name.dll" \
    -noLogo -noColor -longRunning 60 "$@" 2>&1 | tee "$log" |
    grep --line-buffered -vE '^  (Discover|Start|Finish)|^===|^%[0-7]\|' || code=${PIPESTATUS[0]}
  case $code in
    124 | 137) echo "   $name  CRASHED: stopped after $PROJECT_LIMIT" >>"$log" ;;
    0) grep -q "^   $name  Total: " "$log" || echo "   $name  CRASHED: it ended before its summary" >>"$log" ;;
    *) grep -qE "^   $name  Total: .*(Errors|Failed): [1-9]" "$log" ||
      echo "   $name  CRASHED: exit code $code, though no test failed" >>"$log" ;;
  esac
}

# What the logs say: the skipped with their reasons, the failed with their messages, then the totals, alone on the
# last line. Fails when a test failed or none ran.
summarise() {
  cat "$1"/*.log | awk '
    function number(label,   text) {
      return match($0, label ": [0-9]+") ? substr($0, RSTART + length(label) + 2, RLENGTH - length(label) - 2) + 0 : 0
    }
    / \[SKIP\]$/ { inside = "skip"; sub(/^ +/, ""); sub(/ \[SKIP\]$/, ""); skips = skips "\n  " $0 ": "; next }
    / \[FAIL\]$/ { inside = "fail"; sub(/^ +/, ""); sub(/ \[FAIL\]$/, ""); fails = fails "\n  " $0; next }
    /^      Stack Trace:|^      Output:/ { inside = ""; next }
    /^      / && inside == "skip" { sub(/^ +/, ""); skips = skips $0 " "; next }
    /^      / && inside == "fail" { fails = fails "\n" $0; next }
    { inside = "" }
    /^   [^ ]+  Total: / {
      bad = number("Failed") + number("Errors")
      passed += number("Total") - number("Failed") - number("Skipped") - number("Not Run")
      failed += bad
      skipped += number("Skipped")
    }
    /^   [^ ]+  CRASHED: / { failed++; fails = fails "\n" substr($0, 2) }
    END {
      if (skips != "") print "\nSkipped:" skips
      if (fails != "") print "\nFailed:" fails
      if (passed + failed + skipped == 0) print "\nNo test ran."
      printf "\n%d passed, %d failed, %d skipped\n", passed, failed, skipped
      exit failed > 0 || passed + failed == 0
    }'
}
