#!/bin/bash
# Installs what building, testing and demonstrating Millrace needs. Run again, it does only what is missing.
#
#   etc/setup.sh [--build | --minimal | --deb] [--check]
#
#   --build     only what building and the demonstration need
#   --minimal   without the second test kernel (QEMU), which only tests of pressure figures need
#   --deb       also what makes and tests the Debian package
#   --check     only report; exit 1 if something is missing
set -euo pipefail

# Debian package | the same on Fedora | why
packages='
  git             | git                | SwiftPM fetches the dependencies with it
  ca-certificates | ca-certificates    | the dependencies come over HTTPS
  make            | make               | the targets of the Makefile
  pkg-config      | pkgconf-pkg-config | SwiftPM finds the C libraries with it
  libsqlite3-dev  | sqlite-devel       | the store: jobs and attempts; the plugins `sqlite`, `index`
  libcgroup-dev   | libcgroup-devel    | the long-lived control groups
  nettle-dev      | nettle-devel       | SHA-256 of plugin files; authentication codes
  libssl-dev      | openssl-devel      | the plugins `checksum` and `http`
  libgd-dev       | gd-devel           | the plugin `thumbnail`
  libarchive-dev  | libarchive-devel   | the plugin `archiver`
  libcurl4-openssl-dev | libcurl-devel | the plugins `http`, `health`
  zlib1g-dev      | zlib-devel         | the simulator: compressed traces
  libjansson-dev  | jansson-devel      | the plugins in C: their parameters are JSON
  libpython3-dev  | python3-devel      | the plugin `python`
  libjs-chart.js  | -                  | the dashboard: its charts
  tzdata          | tzdata             | the rules of the time zones, for schedules
  g++             | gcc-c++            | what the linker needs; make check: the plugin header must also be C++
  python3         | python3            | make install: the manual pages
  iproute2        | iproute            | test kernel: the loopback interface
  user-mode-linux | -                  | test kernel with all cgroup controllers, as an ordinary program
'
test_packages='
  golang-go        | golang           | make test: a plugin in Go
  openssh-client   | openssh-clients  | make test: it signs plugins, and checks that
  prometheus       | prometheus       | make test: it scrapes the metrics, promtool checks them
  shellcheck       | ShellCheck       | make check: the shell scripts
  python3-venv     | python3          | make check-cron, check-api: they are in Python
  unzip            | unzip            | make test: it reads what the plugin `archiver` wrote
  zstd             | zstd             | make test: tar reads `.tar.zst` with it
  tmux             | tmux             | make test: the terminal that `millrace top` is tested in
  wrk              | wrk              | make bench: it asks the API
  chromium         | chromium         | make test: the browser that the dashboard is tested in
  chromium-driver  | chromedriver     | make test: leads that browser
  python3-selenium | python3-selenium | make test: the words for that
  python3-numpy    | python3-numpy    | make test: what a handler in Python imports once
  mandoc           | mandoc           | make test: it finds mistakes in the manual pages
  slurm-wlm        | slurm slurm-slurmctld slurm-slurmd | make test: the cluster that jobs are sent to
  munge            | munge            | make test: by which its parts know each other
  zsh              | zsh              | make test: a shell whose completions are tested
  fish             | fish             | make test: another one
'
deb_packages='
  debhelper   | debhelper   | make deb: the package
  chrpath     | chrpath     | make deb: programs without paths of the machine that built them
  lintian     | -           | make deb: it finds mistakes in the package
  debootstrap | debootstrap | make check-deb: a bare Debian
  e2fsprogs   | e2fsprogs   | make check-systemd: a file system for the test kernel
'
psi_packages='
  qemu-system-x86   | qemu-system-x86-core | second test kernel (two CPUs, pressure figures): the machine
  linux-image-amd64 | kernel               | second test kernel: the kernel (the cloud one lacks 9p)
  busybox-static    | busybox              | second test kernel: its first process
  cpio              | cpio                 | second test kernel: packs that process
'
swift_needed=6.3

main() {
  local check=false deb=false
  while (($#)); do
    case $1 in
      --build) test_packages='' psi_packages='' ;;
      --minimal) psi_packages='' ;;
      --deb) deb=true psi_packages='' ;;
      --check) check=true ;;
      *) fail "unknown option \`$1\`" "etc/setup.sh [--build | --minimal | --deb] [--check]" ;;
    esac
    shift
  done
  if ! $deb; then deb_packages=''; fi

  command -v dpkg-query >/dev/null || advise_other_systems
  mapfile -t missing < <(list_missing)
  if ((${#missing[@]})); then
    describe_missing
    if $check; then exit 1; fi
    ((EUID == 0)) ||
      fail "only root can install them" "sudo apt-get install --no-install-recommends ${missing[*]}"
    install_missing
  fi
  check_swift
}

# Every package as `debian|fedora|why`, without the columns' spaces.
table() {
  sed '/|/!d; s/ *| */|/g; s/^ *//' <<<"$packages$test_packages$deb_packages$psi_packages"
}

list_missing() {
  # dpkg-query fails if it knows nothing of one of them; what it prints about the others is still right.
  local installed
  installed=$(table | cut -d'|' -f1 | xargs dpkg-query -W -f '${db:Status-Status} ${Package}\n' 2>/dev/null |
    sed -n 's/^installed //p') || true
  table | cut -d'|' -f1 | grep -vxF "$installed" || true
}

describe_missing() {
  echo "these packages are missing:"
  table | while IFS='|' read -r package _ why; do
    case " ${missing[*]} " in *" $package "*) printf '  %-18s %s\n' "$package" "$why" ;; esac
  done
}

install_missing() {
  export DEBIAN_FRONTEND=noninteractive
  # The lists may be absent (a fresh container) or older than the mirror: one update mends both.
  { compgen -G '/var/lib/apt/lists/*_Packages*' >/dev/null && install_once; } ||
    { apt_get update && install_once; } ||
    fail "\`apt-get install\` failed" "its words are above; see whether the package mirror answers"
  mapfile -t missing < <(list_missing)
  ((${#missing[@]} == 0)) || fail "still missing: ${missing[*]}" "install them by hand"
  echo "installed all of them"
}

# A server that comes with a package is for tests to run: it is neither started here nor at the next boot.
install_once() {
  local policy=/usr/sbin/policy-rc.d status=0
  if [[ ! -e $policy ]]; then
    trap 'rm -f /usr/sbin/policy-rc.d' EXIT
    install -m 755 /dev/stdin "$policy" <<<$'#!/bin/sh\nexit 101'
  fi
  apt_get install -y --no-install-recommends "${missing[@]}" || status=$?
  local service
  for service in prometheus munge slurmctld slurmd; do
    case " ${missing[*]/slurm-wlm/slurmctld slurmd} " in
      *" $service "*)
        # Where there is no systemd nothing starts it anyway.
        if command -v systemctl >/dev/null; then systemctl --quiet disable "$service.service" || true; fi
        ;;
    esac
  done
  return "$status"
}

# Waits for another apt instead of failing, and is silent unless it fails.
apt_get() {
  local output
  output=$(apt-get -q -o DPkg::Lock::Timeout=300 "$@" 2>&1) || {
    tail -n 20 <<<"$output" >&2
    return 1
  }
}

check_swift() {
  local found advice="install this system's toolchain from swift.org (Install, Linux) and put it on PATH"
  command -v swift >/dev/null || fail "no Swift; Millrace needs $swift_needed or newer" "$advice"
  found=$(swift --version 2>/dev/null | grep -o 'Swift version [0-9.]*' | cut -d' ' -f3)
  printf '%s\n' "$swift_needed" "${found:-0}" | sort -C -V ||
    fail "Swift ${found:-of an unknown version} is too old; Millrace needs $swift_needed" "$advice"
}

advise_other_systems() {
  {
    echo "error: this is not Debian: install these by your own package manager (names as on Fedora)"
    echo
    table | while IFS='|' read -r package other why; do
      printf '  %-22s %s%s\n' "$other" "$why" "$([[ $other != - ]] || echo " (Debian's \`$package\`)")"
    done
    printf '\nhint: %s\n' "then \`swift build\`; a container of Debian 12 or 13 has them all"
  } >&2
  exit 1
}

fail() {
  printf 'error: %s\n\nhint: %s\n' "$1" "$2" >&2
  exit 1
}

main "$@"
