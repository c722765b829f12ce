import Czlib
import Glibc

/// A file of a workload; one that gzip has compressed is read as what it holds.
package struct WorkloadFile: Sendable {
  /// The path, for messages.
  package let path: String
  /// What it holds, decompressed.
  package let bytes: [UInt8]

  /// The most that is read of one.
  static let limit = 1 << 31

  /// Makes a file of what it holds.
  package init(path: String, bytes: [UInt8]) {
    self.path = path
    self.bytes = bytes
  }

  /// Reads a file.
  /// - Throws: if it can't be read, is damaged or holds more than 2 GiB.
  package init(reading path: String) throws(SimulatorError) {
    // zlib tells no reason when it can't open a file, the kernel does. See zlib.h: a file without a gzip
    // header is read as it is.
    let descriptor = open(path, O_RDONLY | O_CLOEXEC)
    guard descriptor >= 0 else { throw Self.unreadable(path, String(cString: strerror(errno))) }
    guard let file = gzdopen(descriptor, "rb") else {
      close(descriptor)
      throw Self.unreadable(path, "out of memory")
    }
    defer { gzclose(file) }
    var bytes: [UInt8] = []
    var chunk = [UInt8](repeating: 0, count: 1 << 18)
    while true {
      let count = Int(gzread(file, &chunk, UInt32(chunk.count)))
      var code: Int32 = 0
      // At the end: Z_BUF_ERROR if the compressed data stops in the middle.
      let words = gzerror(file, &code).map { String(cString: $0) } ?? ""
      guard count >= 0, count > 0 || code == Z_OK || code == Z_STREAM_END else {
        throw Self.unreadable(path, code == Z_ERRNO ? String(cString: strerror(errno)) : words)
      }
      if count == 0 { break }
      bytes += chunk[..<count]
      guard bytes.count <= Self.limit else { throw Self.unreadable(path, "it holds over 2 GiB") }
    }
    self.init(path: path, bytes: bytes)
  }

  private static func unreadable(_ path: String, _ words: String) -> SimulatorError {
    SimulatorError("cannot read `\(path)`: \(words)")
  }
}

extension WorkloadFile {
  /// Calls `body` with each line and its number, from 1; without its line feed (and carriage return).
  func forEachLine(
    _ body: (_ number: Int, _ line: ArraySlice<UInt8>) throws(SimulatorError) -> Void
  ) throws(SimulatorError) {
    var number = 0
    var start = 0
    while start < bytes.count {
      let end = endOfLine(from: start)
      number += 1
      let isCarriageReturn = end > start && bytes[end - 1] == UInt8(ascii: "\r")
      try body(number, bytes[start..<(isCarriageReturn ? end - 1 : end)])
      start = end + 1
    }
  }

  private func endOfLine(from start: Int) -> Int {
    bytes.withUnsafeBytes { all in
      guard let base = all.baseAddress,
        let found = memchr(base.advanced(by: start), Int32(UInt8(ascii: "\n")), all.count - start)
      else { return all.count }
      return UnsafeRawPointer(found) - base
    }
  }

  /// Returns the error for a place in the file.
  func error(line: Int, _ words: String, hint: String? = nil) -> SimulatorError {
    SimulatorError("`\(path)` line \(line): \(words)", hint: hint)
  }
}
