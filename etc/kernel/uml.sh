# shellcheck shell=bash disable=SC2154
# The default lane of etc/kernel/run: user-mode Linux. One CPU, no pressure figures, boots in about 1.5 s.

lane_check() {
  command -v linux.uml >/dev/null || fail "\`linux.uml\` is not installed" "run \`etc/setup.sh\`"
  memory_directory=$(find_memory_directory)
  exitkill=${here%/*/*}/.build/kernel/exitkill.so
  if [[ ! $exitkill -nt $here/exitkill.c ]]; then build_exitkill; fi
}

# exitkill.c says what it is for.
build_exitkill() {
  command -v cc >/dev/null || fail "there is no C compiler (\`cc\`)" "run \`etc/setup.sh\`"
  mkdir -p "${exitkill%/*}"
  # Two runs at once each write a file of their own; the last one to rename wins.
  cc -shared -fPIC -O1 -Wall -Wextra -Werror -o "$exitkill.$$" "$here/exitkill.c"
  mv "$exitkill.$$" "$exitkill"
}

# Prints the directory for the file that is the guest's memory: it must be executable and have the room.
find_memory_directory() {
  local directory free
  for directory in /dev/shm /var/tmp; do
    free=$(df --output=avail -B1 "$directory" 2>/dev/null | tail -n 1)
    if ((${free:-0} >= bytes)) && ! findmnt -n -o OPTIONS -T "$directory" | grep -qw noexec; then
      if [[ $directory != /dev/shm ]]; then
        echo "note: /dev/shm is missing, noexec or smaller than $memory; the kernel's memory is a file in" \
          "$directory, which is slower (\`mount -o remount,exec,size=$memory /dev/shm\` mends it)" >&2
      fi
      echo "$directory"
      return
    fi
  done
  fail "neither /dev/shm nor /var/tmp has $memory free for the kernel's memory" \
    "\`mount -o remount,exec,size=$memory /dev/shm\` (a container: \`--shm-size\`), or a smaller \`--memory\`"
}

lane_boot() {
  # LD_PRELOAD takes no path with a space, and goes on without what it can't load.
  ln -s "$exitkill" "$share/exitkill.so"
  if ! LD_PRELOAD=$share/exitkill.so /bin/true 2>&1 | awk '{ print } END { exit NR }'; then exit 1; fi
  # `uml_dir` keeps its pid file out of the home directory; what follows `--` goes to init.
  TMPDIR=$memory_directory LD_PRELOAD=$share/exitkill.so exec linux.uml mem="$bytes" uml_dir="$share/uml" \
    rootfstype=hostfs rootflags=/ rw quiet panic=-1 con=null con0=fd:0,fd:1 \
    init="$share/init" -- uml "$share"
}
