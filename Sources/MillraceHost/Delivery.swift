import CMillraceLinux
import CMillraceLinux.Libc

/// A process that a warm host was asked for, and how it is known: the host runs a plugin's code, so nothing
/// that it says is believed. It must be a child of this process, and in the leaf that was made for it.
struct Delivery {
  /// The number of the host.
  let host: UInt32
  let job: Int64
  let attempt: Int32
  /// The directory of the leaf, and its number.
  private let leaf: Int32
  private let cgroup: UInt64

  /// `leaf` is kept, and closed by `close`.
  init(host: UInt32, job: Int64, attempt: Int32, leaf: Int32) {
    self.host = host
    self.job = job
    self.attempt = attempt
    self.leaf = leaf
    var directory = stat()
    cgroup = fstat(leaf, &directory) == 0 ? UInt64(directory.st_ino) : 0
  }

  func close() { CMillraceLinux.close(leaf) }

  /// Returns a descriptor of the process `pid` if it is the one, or -1.
  func accept(_ pid: Int32) -> Int32 {
    guard pid > 0 else { return -1 }
    let pidfd = millrace_pidfd_open(pid)
    guard pidfd >= 0 else { return -1 }
    if millrace_is_child(pidfd) == 1 && holds(pid, pidfd) { return pidfd }
    CMillraceLinux.close(pidfd)
    return -1
  }

  private func holds(_ pid: Int32, _ pidfd: Int32) -> Bool {
    var number: UInt64 = 0
    if millrace_pidfd_cgroup(pidfd, &number) == 0 { return number == cgroup }
    // Before Linux 6.13: a leaf's name is the attempt's, which no other cgroup has.
    guard let file = "/proc/\(pid)/cgroup".withCPointer({ fopen($0, "re") }) else { return false }
    var isThere = false
    forEachLine(of: file) { line in
      guard strncmp(line, "0::", 3) == 0 else { return true }
      isThere = strrchr(line, Int32(UInt8(ascii: "/"))).map { ends($0 + 1) } ?? false
      return false
    }
    return isThere
  }

  private func ends(_ name: UnsafePointer<CChar>) -> Bool {
    "\(job).\(attempt)".withCPointer { own in
      let length = strlen(own)
      return strncmp(name, own, length) == 0 && strcspn(name, " \n") == length
    }
  }

  /// Looks into the leaf for the process, whose host has gone without a word. Returns its pid and a
  /// descriptor of it, or nil if there is none.
  func search() -> (pid: Int32, pidfd: Int32)? {
    let opened = millrace_open(leaf, "cgroup.procs", O_RDONLY, 0)
    guard opened >= 0, let file = fdopen(opened, "r") else { return nil }
    var found: (pid: Int32, pidfd: Int32)?
    forEachLine(of: file) { line in
      let pid = atoi(line)
      let pidfd = accept(pid)
      guard pidfd >= 0 else { return true }
      found = (pid, pidfd)
      return false
    }
    return found
  }
}
