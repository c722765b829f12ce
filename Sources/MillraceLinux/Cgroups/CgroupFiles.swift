package import MillraceCore

/// Reads the texts of cgroup v2's files; each reader refuses what is malformed.
///
/// Source: https://docs.kernel.org/admin-guide/cgroup-v2.html
package enum CgroupFiles {
  /// Reads a file of lines "key number" (`cpu.stat`, `memory.events`, `memory.stat`, `pids.events`).
  package static func flatKeyed(_ text: String, _ file: String) throws -> [String: Int64] {
    var values: [String: Int64] = [:]
    for line in text.split(separator: "\n") {
      let words = line.split(separator: " ", omittingEmptySubsequences: false)
      guard words.count == 2, !words[0].isEmpty, let number = Int64(words[1]), number >= 0 else {
        throw malformed(file, String(line))
      }
      guard values.updateValue(number, forKey: String(words[0])) == nil else {
        throw malformed(file, "`\(words[0])` is there twice")
      }
    }
    return values
  }

  /// Reads a file of one number (`memory.current`, `memory.peak`, `pids.peak`).
  package static func single(_ text: String, _ file: String) throws -> Int64 {
    guard text.last == "\n", let number = Int64(text.dropLast()), number >= 0 else {
      throw malformed(file, text)
    }
    return number
  }

  /// Reads `io.stat`: lines "major:minor key=number …"; returns bytes read and written over all devices.
  package static func ioStat(_ text: String) throws -> (read: Bytes, written: Bytes) {
    var read: Int64 = 0
    var written: Int64 = 0
    for line in text.split(separator: "\n") {
      let words = line.split(separator: " ")
      guard let device = words.first, device.split(separator: ":").count == 2 else {
        throw malformed("io.stat", String(line))
      }
      for pair in words.dropFirst() {
        let parts = pair.split(separator: "=", omittingEmptySubsequences: false)
        guard parts.count == 2 else { throw malformed("io.stat", String(line)) }
        // Some of the others are no whole numbers.
        guard parts[0] == "rbytes" || parts[0] == "wbytes" else { continue }
        guard let number = Int64(parts[1]), number >= 0 else { throw malformed("io.stat", String(line)) }
        if parts[0] == "rbytes" { read += number } else { written += number }
      }
    }
    return (Bytes(read), Bytes(written))
  }

  /// Returns a member that must be there.
  package static func member(_ key: String, of values: [String: Int64], _ file: String) throws -> Int64 {
    guard let value = values[key] else { throw malformed(file, "`\(key)` is missing") }
    return value
  }

  private static func malformed(_ file: String, _ what: String) -> LinuxError {
    LinuxError("read `\(file)`", .malformed("unexpected text `\(what.prefix(80))`"))
  }
}

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
      let fields = halves[0].split(separator: " ")
      guard halves.count == 2, fields.count >= 5, halves[1].split(separator: " ").first == "cgroup2" else {
        continue
      }
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
