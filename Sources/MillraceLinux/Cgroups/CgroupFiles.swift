package import MillraceCore

/// Reads the texts of cgroup v2's files, byte by byte and without a copy: some are read for every running
/// attempt every second. Each reader refuses what is malformed as far as it reads.
///
/// Source: https://docs.kernel.org/admin-guide/cgroup-v2.html
package enum CgroupFiles {
  /// Returns the number of a key in a file of lines "key number" (`cpu.stat`, `memory.events`,
  /// `memory.stat`, `pids.events`, `cgroup.events`), which is read as far as that key; nil if it has no such
  /// key.
  package static func number(
    of key: StaticString, in text: Span<UInt8>, _ file: @autoclosure () -> String
  ) throws -> Int64? {
    var reader = TextReader(count: text.count)
    while !reader.isAtEnd {
      let line = reader.position
      let word = reader.word(of: text)
      guard !word.isEmpty, reader.skip(" ", of: text), let number = reader.number(of: text),
        reader.skip("\n", of: text)
      else { throw malformed(file(), line, of: text) }
      if text.holds(key, in: word) { return number }
    }
    return nil
  }

  /// Returns the number of a key that must be there.
  package static func member(
    _ key: StaticString, of text: Span<UInt8>, _ file: @autoclosure () -> String
  ) throws -> Int64 {
    guard let number = try number(of: key, in: text, file()) else { throw missing("\(key)", file()) }
    return number
  }

  /// Reads a file of one number (`memory.current`, `memory.peak`, `pids.peak`).
  package static func single(_ text: Span<UInt8>, _ file: @autoclosure () -> String) throws -> Int64 {
    var reader = TextReader(count: text.count)
    guard let number = reader.number(of: text), reader.skip("\n", of: text), reader.isAtEnd else {
      throw malformed(file(), 0, of: text)
    }
    return number
  }

  /// Reads `io.stat`: lines "major:minor key=number …"; returns bytes read and written over all devices.
  package static func ioStat(_ text: Span<UInt8>) throws -> (read: Bytes, written: Bytes) {
    var read: Int64 = 0
    var written: Int64 = 0
    for line in String(decoding: text, in: 0..<text.count).split(separator: "\n") {
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
        if parts[0] == "rbytes" {
          read = read.adding(clamped: number)
        } else {
          written = written.adding(clamped: number)
        }
      }
    }
    return (Bytes(read), Bytes(written))
  }

  static func missing(_ key: String, _ file: String) -> LinuxError {
    LinuxError("read `\(file)`", .malformed("`\(key)` is missing"))
  }

  /// The error for a text that is not what it should be, with what is there from a position on.
  static func malformed(_ file: String, _ position: Int, of text: Span<UInt8>) -> LinuxError {
    let rest = position..<min(text.count, position + 80)
    let line = String(decoding: text, in: rest).prefix { $0 != "\n" }
    return malformed(file, String(line))
  }

  private static func malformed(_ file: String, _ what: String) -> LinuxError {
    LinuxError("read `\(file)`", .malformed("unexpected text `\(what.prefix(80))`"))
  }
}
