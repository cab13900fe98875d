#!/usr/bin/env bash
# Publishes the Quickstart ahead of time and shows that it trains to the same losses as the JIT build, to the last bit.
set -euo pipefail

usage() {
  cat <<'TEXT'
usage: samples/Quickstart/publish-aot.sh [--trimmed] [--output FOLDER]

Publishes the Quickstart with the JIT and with NativeAOT, runs both with seed 1, compares the loss of every step bit for bit, and prints size and start-up
time of both. Ends with 1 where a loss differs, a warning is not TorchSharp's, or the toolchain is missing and cannot be installed. Linux only.

  --trimmed         the same for a self-contained, trimmed publish
  --output FOLDER   keep the programs there (aot/Quickstart …); without it they go to a temporary folder that is removed

NativeAOT links with clang or gcc. Where neither can link a program, gcc is installed by apt-get or dnf, as root or through sudo.
TEXT
}

fail() { echo "publish-aot.sh: $*" >&2; exit 1; }

trimmed=false output=
while [ $# -gt 0 ]; do
  case $1 in
    --trimmed) trimmed=true ;;
    --output) [ $# -gt 1 ] || fail "--output needs a folder."; output=$2; shift ;;
    -h | --help) usage; exit ;;
    *) usage >&2; fail "'$1' is not an option." ;;
  esac
  shift
done

[ "$(uname -s)" = Linux ] || fail "this script is for Linux; elsewhere run 'dotnet publish -p:PublishAot=true' on the project."
command -v dotnet > /dev/null || fail "'dotnet' is not on the path; install the .NET 10 SDK (https://dotnet.microsoft.com/download)."

project=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)/Quickstart.csproj
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
export LC_ALL=C OMP_WAIT_POLICY=passive DOTNET_CLI_UI_LANGUAGE=en DOTNET_NOLOGO=1 DOTNET_CLI_TELEMETRY_OPTOUT=1 MSBUILDTERMINALLOGGER=off

# --- the toolchain ------------------------------------------------------------------------------------------------------------------------------------------

# As NativeAOT looks for it: clang, else gcc; objcopy for the symbols. A compiler without the C library's development files links nothing.
has_toolchain() {
  local linker
  linker=$(command -v clang || command -v gcc) || return 1
  command -v objcopy > /dev/null || command -v llvm-objcopy > /dev/null || return 1
  echo 'int main(void) { return 0; }' | "$linker" -x c - -o "$work/probe" -ldl -lrt -lm 2> /dev/null
}

install_toolchain() {
  local install as_root=()
  if command -v apt-get > /dev/null; then install="apt-get install -y --no-install-recommends gcc libc6-dev"
  elif command -v dnf > /dev/null; then install="dnf install -y gcc glibc-devel"
  else fail "NativeAOT needs a linker, and neither apt-get nor dnf is here to install one; install gcc (or clang) and the development files of the C library."
  fi
  if [ "$(id -u)" -ne 0 ]; then
    command -v sudo > /dev/null && sudo -n true 2> /dev/null || fail "NativeAOT needs a linker, and installing one needs root; run 'sudo $install' first."
    as_root=(sudo -n)
  fi
  echo "No linker here: $install"
  [[ $install != apt-get* ]] || "${as_root[@]}" apt-get update -q > "$work/install.log" 2>&1 || true    # a list from the image's build may do
  # shellcheck disable=SC2086  # the words of the command
  DEBIAN_FRONTEND=noninteractive "${as_root[@]}" $install >> "$work/install.log" 2>&1 && has_toolchain ||
    { tail -5 "$work/install.log" >&2; fail "'$install' did not give NativeAOT a linker; install gcc (or clang) and the development files of the C library by hand."; }
}

# --- publish, run, measure ----------------------------------------------------------------------------------------------------------------------------------

# publish NAME ARGUMENT…: into $work/NAME or FOLDER/NAME, with bin and obj apart, so that the repository's stay as they are.
publish() {
  local name=$1 seconds=$SECONDS links=true
  shift
  # Links are for what is thrown away: a file that is kept must not be one of the NuGet cache.
  [ -z "$output" ] || links=false
  dotnet publish "$project" -c Release -o "$(folder "$name")" -nodeReuse:false -p:UseArtifactsOutput=true "-p:ArtifactsPath=$work/build" \
    -p:CreateHardLinksForPublishFilesIfPossible=$links -p:ShowTorchSharpWarnings=true "$@" > "$work/$name.log" 2>&1 ||
    { tail -20 "$work/$name.log" >&2; fail "'dotnet publish' of the $name build failed."; }
  local warnings others
  warnings=$(grep -E '(warning|error) IL[0-9]{4}' "$work/$name.log" | sort -u || true)
  others=$(grep -vE "IL[0-9]{4}: (TorchSharp\.|Assembly 'TorchSharp')" <<< "$warnings" || true)
  [ -z "$others" ] || { echo "$others" >&2; fail "the $name build has warnings that are not TorchSharp's."; }
  echo "$name: published in $((SECONDS - seconds)) s; warnings of TorchSharp's own: $(grep -c . <<< "$warnings" || true), others: 0"
}

folder() { echo "${output:-$work}/$1"; }

# What is shipped apart from the native libraries, which are the same in every build.
megabytes() {
  find "$(folder "$1")" -type f ! -path '*/runtimes/*' ! -name '*torch*.so' ! -name '*Torch*.so' ! -name 'libc10.so' ! -name 'libgomp*' ! -name '*.dbg' ! -name '*.pdb' ! -name '*.xml' -printf '%s\n' |
    awk '{ s += $1 } END { printf "%.1f MB", s / 1e6 }'
}

# Best of seven, from exec to the end of a program that computes nothing. (NativeAOT raises no event when a library is missing, so there libtorch is loaded at the start.)
start_up() {
  local best=999999 i start took
  for i in 1 2 3 4 5 6 7; do
    start=${EPOCHREALTIME/./}
    "$(folder "$1")/Quickstart" --version > /dev/null
    took=$(((${EPOCHREALTIME/./} - start) / 1000))
    [ "$took" -ge "$best" ] || best=$took
  done
  echo "$best ms"
}

run() {
  "$(folder "$1")/Quickstart" --seed 1 --losses "$work/$1.losses" > "$work/$1.out" || { cat "$work/$1.out" >&2; fail "the $1 build does not run."; }
  echo "$1: $(megabytes "$1") beside libtorch$([ "$1" != jit ] || echo " and the .NET runtime"), starts in $(start_up "$1"), $(grep -o 'first step .*' "$work/$1.out" | head -1)"
}

compare() {
  if cmp -s "$work/jit.losses" "$work/$1.losses"; then
    echo "$1 = jit: $(grep -c ' loss ' "$work/jit.losses") losses, bit for bit; $(grep -m1 ' error ' "$work/$1.losses")"
  else
    diff "$work/jit.losses" "$work/$1.losses" | head -4 >&2 || true
    fail "the $1 build trains to other losses than the JIT build; the first that differ are above."
  fi
}

has_toolchain || install_toolchain
publish jit --self-contained false
run jit
publish aot -p:PublishAot=true
run aot
compare aot
$trimmed || exit 0
publish trimmed --self-contained true -p:PublishTrimmed=true
run trimmed
compare trimmed
