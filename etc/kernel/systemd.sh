# shellcheck shell=bash disable=SC2154
# The `--systemd ROOT` lane of etc/kernel/run: user-mode Linux on a copy of the files in the directory ROOT,
# whose systemd is the first process and starts the command as a service. It boots in about 10 s.

# shellcheck source=uml.sh
source "$here/uml.sh"
eval "uml_$(declare -f lane_check)"

lane_check() {
  uml_lane_check
  command -v debugfs >/dev/null || fail "\`debugfs\` is not installed" "run \`etc/setup.sh --deb\`"
  [[ -x $system/lib/systemd/systemd ]] || fail "there is no systemd in \`$system\`" "see etc/debian-root"
  # The root has nothing of the caller's.
  directory=/
}

# A file system of its own: what it holds has owners and is watched, as on a machine. It is thrown away.
make_image() {
  local size
  size=$(du -sm "$system" | cut -f1)
  mke2fs -q -t ext4 -O ^has_journal -d "$system" "$share/root.img" "$((size + 1024))M"
  cat >"$share/unit" <<END
[Unit]
Description=The command of etc/kernel/run
After=multi-user.target

[Service]
Type=simple
ExecStart=/bin/sh /etc/millrace-kernel $share
END
  # A timer starts it apart from the boot, which is over then.
  printf '[Timer]\nOnActiveSec=0\nAccuracySec=1ms\n' >"$share/timer"
  debugfs -w -f /dev/stdin "$share/root.img" >/dev/null 2>"$share/debugfs" <<END
cd /etc
write $here/systemd-command millrace-kernel
cd /etc/systemd/system
write $share/unit millrace-kernel.service
write $share/timer millrace-kernel.timer
mkdir timers.target.wants
cd timers.target.wants
symlink millrace-kernel.timer ../millrace-kernel.timer
END
}

lane_boot() {
  make_image
  ln -s "$exitkill" "$share/exitkill.so"
  TMPDIR=$memory_directory LD_PRELOAD=$share/exitkill.so exec linux.uml mem="$bytes" uml_dir="$share/uml" \
    ubd0="$share/root.img" root=/dev/ubda init=/lib/systemd/systemd rw quiet panic=-1 \
    con=null con0=fd:0,fd:1 systemd.show_status=0 systemd.unified_cgroup_hierarchy=1 \
    systemd.hostname=millrace-kernel
}
