/// Where cgroup v2 is mounted and where this process is in it.
package struct CgroupMount: Equatable, Sendable {
  /// The mount point, an absolute path.
  package var path: String

  /// Finds the mount point on this machine.
  /// - Throws: `LinuxError` if v2 is not mounted.
  package static func current() throws -> CgroupMount {
    guard let mount = CgroupMount(mountInfo: try textFile("/proc/self/mountinfo")) else {
      throw LinuxError(
        "find cgroup v2", .missing("it is not mounted"), hint: "mount -t cgroup2 none /sys/fs/cgroup")
    }
    return mount
  }

  /// Finds the mount point in the text of `/proc/self/mountinfo` (proc(5)); nil if v2 is not mounted.
  package init?(mountInfo: String) {
    for line in mountInfo.split(separator: "\n") {
      let halves = line.split(separator: " - ", maxSplits: 1)
      guard halves.count == 2, halves[1].split(separator: " ").first == "cgroup2" else { continue }
      let fields = halves[0].split(separator: " ")
      guard fields.count >= 5 else { continue }
      path = Self.unescaped(String(fields[4]))
      return
    }
    return nil
  }

  /// Finds this process's group in the text of `/proc/self/cgroup`: the line "0::/path"; nil if there is
  /// none.
  package static func ownGroup(_ text: String) -> String? {
    text.split(separator: "\n").first { $0.hasPrefix("0::/") }.map { String($0.dropFirst(3)) }
  }

  /// Undoes the octal escapes of blanks and backslashes in mountinfo, each once.
  private static func unescaped(_ text: String) -> String {
    var parts = text.split(separator: "\\", omittingEmptySubsequences: false)
    let first = parts.removeFirst()
    return parts.reduce(into: String(first)) { text, part in
      let digits = part.prefix(3)
      if digits.count == 3, let code = UInt8(digits, radix: 8) {
        text += String(UnicodeScalar(code)) + part.dropFirst(3)
      } else {
        text += "\\" + part
      }
    }
  }
}
