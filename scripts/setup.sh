#!/usr/bin/env bash
# Makes sure that everything that Tessera is built with is there: Swift, and packages of Debian or Ubuntu, which are
# installed if they are missing. Takes no time if nothing is. With --mpi, what the transport 'mpi' needs, too.
set -euo pipefail

packages=(
    pkg-config
    libdnnl-dev                                                     # oneDNN: kernels
    libyaml-dev                                                     # YAML files
    liblua5.4-dev                                                   # scripts
    libedit-dev                                                     # the prompt of 'tessera repl'
    libnorm-dev                                                     # NORM: multicast
    libavcodec-dev libavformat-dev libavutil-dev libswscale-dev     # FFmpeg: picture files, weight codecs
    libzstd-dev liblzma-dev libbrotli-dev                           # weight codecs
    zlib1g-dev                                                      # compressed archives of pictures
    gcc g++ make                                                    # the samples of plugins, which tests build
    iproute2 nftables                                               # hosts of tests that are network namespaces
    liblsan0                                                        # leaks of hostile scripts
    lua-check                                                       # checks of scripts
    python3-venv                                                    # comparisons with the onnx package
)
case "${1:-}" in
    "") ;;
    --mpi) packages+=(libopenmpi-dev openmpi-bin) ;;
    *)
        echo "usage: scripts/setup.sh [--mpi]" >&2
        exit 64
        ;;
esac
swift_minimum=6.1

fail() {
    echo "setup: $1" >&2
    exit 1
}

check_swift() {
    command -v swift >/dev/null ||
        fail "expected Swift $swift_minimum or later, found none in PATH: install it from https://swift.org/install"
    local text version
    text=$(swift --version 2>/dev/null) || fail "'swift --version' does not work: is the toolchain complete?"
    version=$(sed -nE 's/.*Swift version ([0-9]+\.[0-9]+).*/\1/p' <<<"$text" | head -n 1)
    [[ -n $version ]] || fail "expected 'swift --version' to name a version, found: $text"
    [[ $(printf '%s\n' "$swift_minimum" "$version" | sort -V | head -n 1) == "$swift_minimum" ]] ||
        fail "expected Swift $swift_minimum or later, found $version: install a newer one from https://swift.org/install"
}

is_installed() {
    [[ $(dpkg-query --show --showformat '${db:Status-Status}' "$1" 2>/dev/null) == installed ]]
}

install_packages() {
    command -v dpkg-query >/dev/null && command -v apt-get >/dev/null ||
        fail "expected Debian or Ubuntu, found no apt-get: install what these packages hold: ${packages[*]}"
    local missing=() package
    for package in "${packages[@]}"; do
        is_installed "$package" || missing+=("$package")
    done
    ((${#missing[@]})) || return 0

    local as_root=(env DEBIAN_FRONTEND=noninteractive)
    if ((EUID != 0)); then
        command -v sudo >/dev/null || fail "packages are missing; as root, run: apt-get install ${missing[*]}"
        as_root=(sudo "${as_root[@]}")
    fi
    echo "setup: installing ${missing[*]}" >&2
    # Lists that cannot be refreshed may still be good enough.
    "${as_root[@]}" apt-get update --quiet --quiet >&2 || echo "setup: 'apt-get update' failed, going on" >&2
    "${as_root[@]}" apt-get install --yes --quiet --quiet --no-install-recommends "${missing[@]}" >&2 ||
        fail "apt-get could not install ${missing[*]}; see above"
}

check_swift
install_packages
