import CMillraceLinux
import CMillraceLinux.Libc

/// The log of an attempt in a spool, as `CappedLog` of the runner makes it: the head goes to the file, the
/// tail is held back until the end.
struct BoundedLog {
  /// How much of the end is kept once the head is full, if that is under half of the cap.
  private static let maximumTail = 256 << 10

  private let name: String
  private let headCapacity: Int
  private let tailCapacity: Int
  private var file: Int32 = -1
  private var length = 0
  /// How much of the file was sent to a runner that does not see it.
  private var sent = 0
  /// Whether the file system has refused some of the head: the rest of the output goes to the tail.
  private var isHeadBroken = false
  private var tail: [UInt8] = []
  private var dropped = 0

  /// Makes a log of at most `cap` bytes; the file is made at the first byte.
  init(name: String, cap: Int) {
    self.name = name
    tailCapacity = min(BoundedLog.maximumTail, cap / 2)
    headCapacity = cap - tailCapacity
  }

  /// Adds output; what passes the cap pushes out the oldest of the tail.
  mutating func append(_ bytes: ArraySlice<UInt8>, to spool: SpoolDirectory) {
    guard !bytes.isEmpty else { return }
    let taken = min(bytes.count, isHeadBroken ? 0 : headCapacity - length)
    if taken > 0 && write(bytes.prefix(taken), to: spool) {
      length += taken
      hold(bytes.dropFirst(taken))
      // What does not get there now does with the next output, or at the end.
      _ = send(to: spool)
    } else {
      isHeadBroken = isHeadBroken || taken > 0
      hold(bytes)
    }
  }

  /// Writes the tail, with a line before it that says how much is missing, and has all of it on the disk.
  /// Returns whether that went well.
  mutating func close(in spool: SpoolDirectory) -> Bool {
    trim()
    guard file >= 0 || !tail.isEmpty else { return true }
    var end = dropped > 0 ? Array("\n… \(dropped) bytes dropped …\n".utf8) : []
    end.append(contentsOf: tail)
    if !end.isEmpty {
      guard write(end[...], to: spool) else { return false }
      tail = []
      dropped = 0
    }
    return fsync(file) == 0 && send(to: spool, isLast: true)
  }

  /// Sends what is new in the file to a runner that does not see it. Returns whether that went well.
  private mutating func send(to spool: SpoolDirectory, isLast: Bool = false) -> Bool {
    guard let courier = spool.courier else { return true }
    var block = [UInt8](repeating: 0, count: Courier.chunk)
    do throws(HostError) {
      while true {
        let count = pread(file, &block, block.count, off_t(sent))
        if count == 0 { break }
        guard count > 0 else { return false }
        try courier.put(name, at: sent, block[..<count])
        sent += count
      }
      if isLast { try courier.sync(name) }
      return true
    } catch {
      return false
    }
  }

  /// Lets go of the file.
  func release() { if file >= 0 { CMillraceLinux.close(file) } }

  private mutating func write(_ bytes: ArraySlice<UInt8>, to spool: SpoolDirectory) -> Bool {
    if file < 0 {
      let flags = O_RDWR | O_CREAT | O_APPEND | O_NOFOLLOW
      file = name.withCPointer { millrace_open(spool.descriptor, $0, flags, 0o600) }
    }
    return file >= 0 && bytes.withUnsafeBytes { SpoolDirectory.write($0, to: file) } == 0
  }

  private mutating func hold(_ bytes: ArraySlice<UInt8>) {
    tail.append(contentsOf: bytes)
    if tail.count > 2 * tailCapacity { trim() }
  }

  private mutating func trim() {
    let excess = tail.count - tailCapacity
    guard excess > 0 else { return }
    tail.removeFirst(excess)
    dropped += excess
  }
}
