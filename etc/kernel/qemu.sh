# shellcheck shell=bash disable=SC2154
# The `--psi` lane of etc/kernel/run: QEMU without KVM, Debian's kernel. Two CPUs, pressure figures, 6 s.

# What mounting the host's files over 9p needs, in the order of loading.
modules=(netfs fscache 9pnet 9p virtio_ring virtio 9pnet_virtio
  virtio_pci_modern_dev virtio_pci_legacy_dev virtio_pci)

lane_check() {
  local tool
  for tool in qemu-system-x86_64 busybox cpio; do
    command -v "$tool" >/dev/null || fail "\`$tool\` is not installed" "run \`etc/setup.sh\`"
  done
  find_kernel
  initramfs=${here%/*/*}/.build/kernel/initramfs-$version.cpio
  if [[ ! -s $initramfs || $initramfs -ot $here/qemu-init || $initramfs -ot /boot/vmlinuz-$version ]]; then
    build_initramfs
  fi
}

# Sets `version` to the newest installed kernel that has the 9p file system (Debian's cloud kernel has not).
find_kernel() {
  local image
  version=
  while read -r image; do
    if [[ -r $image && -d /lib/modules/${image#*vmlinuz-}/kernel/fs/9p ]]; then version=${image#*vmlinuz-}; fi
  done < <(printf '%s\n' /boot/vmlinuz-* | sort -V)
  [[ -n $version ]] || fail "no readable kernel with 9p in /boot" "run \`etc/setup.sh\` (linux-image-amd64)"
}

build_initramfs() {
  local root name file
  root=$(mktemp -d /tmp/millrace-initramfs.XXXXXX)
  mkdir -p "$root"/{bin,dev,modules,proc,root,sys} "${initramfs%/*}"
  cp "$(command -v busybox)" "$root/bin/busybox"
  cp "$here/qemu-init" "$root/init"
  for name in "${modules[@]}"; do
    file=$(find "/lib/modules/$version/kernel" -name "$name.ko" | head -n 1)
    # A module that is built into this kernel has no file.
    if [[ -n $file ]]; then cp "$file" "$root/modules/" && echo "$name" >>"$root/modules/order"; fi
  done
  # Two runs at once each write a file of their own; the last one to rename wins.
  (cd "$root" && find . | cpio --quiet -o -H newc) >"$initramfs.$$"
  mv "$initramfs.$$" "$initramfs"
  rm -rf "$root"
}

lane_boot() {
  # `multidevs` keeps inodes of different host file systems apart. `mitigations` would guard nothing here.
  exec qemu-system-x86_64 -M q35 -cpu max -accel tcg,thread=multi -smp 2 -m "${bytes}B" \
    -nographic -no-reboot -nodefaults -serial "file:$share/console" \
    -kernel "/boot/vmlinuz-$version" -initrd "$initramfs" \
    -append "console=ttyS0 quiet panic=-1 mitigations=off psi=1 share=$share" \
    -fsdev local,id=root,path=/,security_model=none,multidevs=remap \
    -device virtio-9p-pci,fsdev=root,mount_tag=root \
    -fsdev local,id=share,path="$share",security_model=none \
    -device virtio-9p-pci,fsdev=share,mount_tag=share
}
