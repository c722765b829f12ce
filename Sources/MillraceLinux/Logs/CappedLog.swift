import CMillraceLinux
import Glibc
import MillraceCore

/// The log of one running attempt: the head goes to the file, the tail is held back until the end.
final class CappedLog {
  /// How much of the end is kept once the head is full, if that is under half of the cap.
  static let maxTail = 256 << 10

  let path: String
  private let headCapacity: Int
  private let tailCapacity: Int
  private var file: Descriptor?
  /// How long the file is; a former runner may have written to it.
  private var length = 0
  /// Whether the disk has refused some of the head: the rest of the output goes to the tail.
  private var isHeadBroken = false
  private var tail: [UInt8] = []
  private var dropped = 0
  private var hasOutput = false

  /// Makes a log that will hold at most `cap` bytes; the file and its directory are made at the first byte.
  init(path: String, cap: Bytes) {
    self.path = path
    tailCapacity = min(Self.maxTail, Int(cap.rawValue) / 2)
    headCapacity = Int(cap.rawValue) - tailCapacity
  }

  /// Adds output; what passes the cap pushes out the oldest of the tail.
  /// - Throws: `LinuxError`, once, if the disk does not take it; the tail goes on.
  func append(_ bytes: [UInt8]) throws {
    guard !bytes.isEmpty else { return }
    hasOutput = true
    var rest = bytes[...]
    defer { hold(rest) }
    guard !isHeadBroken else { return }
    do {
      try open()
      while !rest.isEmpty, length < headCapacity {
        let count =
          try rest.prefix(headCapacity - length).withUnsafeBytes { try file?.writeSome($0, path) } ?? 0
        length += count
        rest = rest.dropFirst(count)
      }
    } catch {
      isHeadBroken = true
      throw error
    }
  }

  private func open() throws {
    guard file == nil else { return }
    // The opening says it if this fails.
    mkdir(String(path[..<(path.lastIndex(of: "/") ?? path.endIndex)]), 0o700)
    let opened = try Descriptor(opening: path, flags: O_WRONLY | O_CREAT | O_APPEND)
    var facts = stat()
    try checkErrno(fstat(opened.number, &facts), "look at `\(path)`")
    length = facts.st_size
    file = consume opened
  }

  private func hold(_ bytes: ArraySlice<UInt8>) {
    tail += bytes
    if tail.count > 2 * tailCapacity { trim() }
  }

  private func trim() {
    let excess = tail.count - tailCapacity
    guard excess > 0 else { return }
    tail.removeFirst(excess)
    dropped += excess
  }

  /// Writes the tail, with a line before it that says how much is missing.
  func close() throws {
    guard hasOutput else { return }
    trim()
    try open()
    guard let output = file.take() else { return }
    if dropped > 0 {
      let line = "\n… \(dropped) bytes dropped …\n"
      try Array(line.utf8).withUnsafeBytes { try output.write($0, path) }
    }
    try tail.withUnsafeBytes { try output.write($0, path) }
  }
}
