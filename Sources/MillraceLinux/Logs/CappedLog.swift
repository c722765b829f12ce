import Glibc
import MillraceCore

/// The log of one running attempt: the head goes to the file, the tail is held back until the end.
final class CappedLog {
  /// How much of the end is kept once the head is full.
  static let tailCapacity = 256 << 10

  let path: String
  private let headCapacity: Int
  private var file: Descriptor?
  private var length = 0
  private var tail: [UInt8] = []
  private var dropped = 0

  /// Makes a log that will hold at most `cap` bytes; the file and its directory are made at the first byte.
  init(path: String, cap: Bytes) {
    self.path = path
    headCapacity = max(Int(cap.rawValue) - Self.tailCapacity, 0)
  }

  /// Adds output; what passes the cap pushes out the oldest of the tail.
  func append(_ bytes: [UInt8]) throws {
    let head = min(bytes.count, max(headCapacity - length, 0))
    if head > 0 {
      if file == nil {
        // The opening says it if this fails.
        mkdir(String(path[..<(path.lastIndex(of: "/") ?? path.endIndex)]), 0o700)
        file = try Descriptor(opening: path, flags: O_WRONLY | O_CREAT | O_APPEND)
      }
      try bytes[..<head].withUnsafeBytes { try file?.write($0, path) }
      length += head
    }
    tail += bytes[head...]
    if tail.count > 2 * Self.tailCapacity { trim() }
  }

  private func trim() {
    let excess = tail.count - Self.tailCapacity
    guard excess > 0 else { return }
    tail.removeFirst(excess)
    dropped += excess
  }

  /// Writes the tail, with a line before it that says how much is missing.
  func close() throws {
    trim()
    guard let output = file.take() else { return }
    if dropped > 0 {
      let line = "\n… \(dropped) bytes dropped …\n"
      try Array(line.utf8).withUnsafeBytes { try output.write($0, path) }
    }
    try tail.withUnsafeBytes { try output.write($0, path) }
  }
}
