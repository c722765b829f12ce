import Glibc

/// A tmpfs of a few KiB, unmounted at the end of its life; only root can.
package final class SmallDisk {
  package let path: String

  package init(kibibytes: Int, at path: String) throws {
    self.path = path
    guard mkdir(path, 0o755) == 0, mount("small", path, "tmpfs", 0, "size=\(kibibytes)k") == 0 else {
      throw TestFailure("cannot mount a tmpfs at \(path): errno \(errno)")
    }
  }

  package func grow(toKibibytes kibibytes: Int) throws {
    guard mount("small", path, "tmpfs", UInt(MS_REMOUNT), "size=\(kibibytes)k") == 0 else {
      throw TestFailure("cannot grow \(path): errno \(errno)")
    }
  }

  deinit { umount2(path, Int32(MNT_DETACH)) }
}
