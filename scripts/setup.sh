#!/usr/bin/env bash
# Makes .venv with exactly what the lock files name. Debian and Ubuntu packages
# that are missing are installed where that is allowed (root, or sudo without a
# password; HUSHTAP_NO_APT=1 forbids it); elsewhere setup goes on and says what
# is missing. Packages come from pip's own configuration.
#
# --peers, with .venv there: only what tests use and Hushtap does not need, a token,
# speech, RTP senders, SIP clients, tshark, a browser, a syslog server, a media proxy,
# promtool, Kamailio and PostgreSQL. These five are unpacked below .venv, not installed: no service
# is registered or started.
set -euo pipefail
cd "$(dirname "$0")/.."

say() { printf 'setup: %s\n' "$*" >&2; }

suits() {
    "$1" -c 'import sys; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 13))' 2>/dev/null
}

choose_python() {
    local candidate
    for candidate in ${PYTHON:-python3 python3.13 python3.12 python3.11}; do
        if command -v "$candidate" >/dev/null && suits "$candidate"; then
            command -v "$candidate"
            return
        fi
    done
    say "no Python 3.11 to 3.13 (${PYTHON:-python3}): install one, or set PYTHON to its path"
    return 1
}

# Prints the Debian package of each thing that is not there.
missing_packages() {
    local version header
    version=$("$python" -c 'import sys; print("python%d.%d" % sys.version_info[:2])')
    header=$("$python" -c 'import sysconfig; print(sysconfig.get_path("include") + "/Python.h")')
    "$python" -c 'import ensurepip, venv' 2>/dev/null || echo "$version-venv"
    [ -e "$header" ] || echo "$version-dev"
    [ -e /usr/include/portaudio.h ] || echo portaudio19-dev
    command -v gcc >/dev/null || echo gcc
    ls /usr/include/stdio.h >/dev/null 2>&1 || echo libc6-dev
    local tool
    # Voices of sample calls and tests, audio tools of the documented commands, tracing.
    for tool in espeak-ng flite sox ffmpeg strace; do
        command -v "$tool" >/dev/null || echo "$tool"
    done
    command -v unshare >/dev/null && command -v setpriv >/dev/null || echo util-linux
}

# The same for what only tests need: a token, a voice, recorded digits, RTP, a browser.
missing_peers() {
    [ -e /usr/lib/softhsm/libsofthsm2.so ] || echo softhsm2
    command -v text2wave >/dev/null || echo festival
    [ -d /usr/share/festival/voices/english/kal_diphone ] || echo festvox-kallpc16k
    [ -d /usr/share/asterisk/sounds/en_US_f_Allison ] || echo asterisk-core-sounds-en-wav
    command -v tshark >/dev/null || echo tshark
    command -v sipp >/dev/null || echo sip-tester
    command -v socat >/dev/null || echo socat
    command -v baresip >/dev/null || echo baresip-core
    command -v gst-launch-1.0 >/dev/null || echo gstreamer1.0-tools
    ls /usr/lib/*/gstreamer-1.0/libgstaudioresample.so >/dev/null 2>&1 ||
        echo gstreamer1.0-plugins-base
    ls /usr/lib/*/gstreamer-1.0/libgstrtp.so >/dev/null 2>&1 || echo gstreamer1.0-plugins-good
    command -v chromium >/dev/null || echo chromium
}

# Says whether packages may be installed, and sets as_root to the words before the command.
may_install() {
    as_root=()
    [ "${HUSHTAP_NO_APT:-}" != 1 ] && command -v apt-get >/dev/null || return 1
    [ "$(id -u)" != 0 ] || return 0
    as_root=(sudo -n)
    command -v sudo >/dev/null && sudo -n true 2>/dev/null
}

apt_install() {
    "${as_root[@]}" apt-get update -qq || true
    "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive \
        apt-get install -y -qq --no-install-recommends "$@" >/dev/null
}

# Installs packages, or says which are missing and what would install them.
install_packages() {
    if may_install; then
        say "installing $*"
        apt_install "$@" && return
    fi
    say "not installed: $*"
    say "with the rights to: apt-get install $*"
    return 1
}

# Unpacks packages, and what they need that is not installed, into a new folder.
unpack_packages() {
    local folder=$1 work package failed=0
    shift
    may_install || return 1
    say "unpacking $* into $folder"
    work=$(mktemp -d)
    if apt_install --download-only --reinstall \
        -o "Dir::Cache::archives=$work" -o APT::Sandbox::User=root "$@"; then
        rm -rf "$folder" "$folder.new"
        for package in "$work"/*.deb; do
            dpkg-deb -x "$package" "$folder.new" || failed=1
        done
        [ "$failed" = 1 ] || mv "$folder.new" "$folder"
    else
        failed=1
    fi
    rm -rf "$work"
    return "$failed"
}

if [ "${1:-}" = --peers ]; then
    mapfile -t missing < <(missing_peers)
    [ "${#missing[@]}" = 0 ] || install_packages "${missing[@]}" ||
        say "tests that need them skip"
    if { [ ! -x .venv/peers/usr/sbin/rsyslogd ] || [ ! -x .venv/peers/usr/bin/rtpengine ] ||
        [ ! -x .venv/peers/usr/bin/promtool ]; } &&
        ! unpack_packages .venv/peers rsyslog rsyslog-gnutls rtpengine-daemon prometheus; then
        say "no rsyslog, rtpengine, promtool: their tests skip (as root: scripts/setup.sh --peers)"
    fi
    if [ ! -x .venv/peers-kamailio/usr/sbin/kamailio ] && ! command -v kamailio >/dev/null &&
        ! unpack_packages .venv/peers-kamailio kamailio; then
        say "no Kamailio: its test skips (as root: scripts/setup.sh --peers)"
    fi
    if ! compgen -G '/usr/lib/postgresql/*/bin/initdb' >/dev/null &&
        ! compgen -G '.venv/peers-postgresql/usr/lib/postgresql/*/bin/initdb' >/dev/null &&
        ! unpack_packages .venv/peers-postgresql postgresql; then
        say "no PostgreSQL: tests of it skip (as root: scripts/setup.sh --peers)"
    fi
    exit
fi

python=$(choose_python)
mapfile -t missing < <(missing_packages)
[ "${#missing[@]}" = 0 ] || install_packages "${missing[@]}" || true

if ! suits .venv/bin/python || ! .venv/bin/python -m pip --version >/dev/null 2>&1; then
    rm -rf .venv
    "$python" -m venv .venv >/dev/null || {
        rm -rf .venv
        say "$python cannot make a virtual environment: install python3-venv"
        exit 1
    }
fi

export PIP_DISABLE_PIP_VERSION_CHECK=1
pip=(.venv/bin/python -m pip install --quiet)
say "installing Python packages into .venv (2 GB; this takes minutes)"
"${pip[@]}" --require-hashes -r requirements.lock
"${pip[@]}" --no-deps -e .
if [ -e /usr/include/portaudio.h ]; then
    "${pip[@]}" --require-hashes -r requirements-mic.lock ||
        say "PyAudio did not build: the microphone is left out and its tests skip"
else
    say "no PortAudio headers: the microphone is left out and its tests skip"
    say "once portaudio19-dev is there: scripts/setup.sh"
fi
say "ready: .venv ($(.venv/bin/python --version))"
