import CMillraceLinux
import Glibc
package import MillraceCore

/// What an attempt's process leaves: a file in memory or of a spool that it wrote, so nothing of it is
/// believed unchecked.
package enum OutcomeFile {
  /// Makes an empty one with room for a result of so many bytes, and for checkpoints. What is not written of
  /// it takes no memory.
  static func make(maxResult: Bytes) throws -> Descriptor {
    let file = Descriptor(owning: try check(millrace_memfd_create("outcome"), "make an outcome file"))
    try checkErrno(
      ftruncate(file.number, off_t(checkpoints(behind: Int(maxResult.rawValue)) + 2 * slotSize)),
      "size an outcome file")
    return file
  }

  private static let slotSize = Int(MILLRACE_CHECKPOINT_SLOT)

  /// Where the slots of checkpoints begin (MILLRACE_CHECKPOINT_OFFSET).
  private static func checkpoints(behind capacity: Int) -> Int {
    (MemoryLayout<millrace_outcome>.size + capacity + 15) & ~15
  }

  /// What can be read of it.
  package struct Contents: Equatable, Sendable {
    /// What the handler said at its end; nil if it said nothing.
    package var word: HandlerWord?
    /// What it saved last for the next attempt; nil if it saved nothing.
    package var checkpoint: [UInt8]?
    /// Whether SIGTERM came to its process, whoever sent it.
    package var wasTerminated = false
  }

  /// Returns what is in the file at a path, which begins in `directory`, or where this process is; nil if
  /// there is none. It throws `LinuxError` if it can't be opened, or is no regular file: no link is followed.
  package static func read(_ path: String, in directory: Int32? = nil, maxResult: Bytes) throws -> Contents? {
    let flags = O_RDONLY | O_NOFOLLOW | O_NONBLOCK
    guard let file = try Descriptor.ifThere(path, in: directory, flags: flags) else { return nil }
    var facts = stat()
    try checkErrno(fstat(file.number, &facts), "look at `\(path)`")
    guard facts.st_mode & S_IFMT == S_IFREG else {
      throw LinuxError("read `\(path)`", .malformed("it is no regular file"))
    }
    return read(file, maxResult: maxResult)
  }

  /// Returns what is in a file whose writers are all gone.
  static func read(_ file: borrowing Descriptor, maxResult: Bytes) -> Contents {
    var head = millrace_outcome()
    let size = MemoryLayout<millrace_outcome>.size
    let got = withUnsafeMutableBytes(of: &head) { pread(file.number, $0.baseAddress, size, 0) }
    guard got == size else { return Contents() }
    return Contents(
      word: word(head, file, maxResult), checkpoint: checkpoint(head, file),
      wasTerminated: head.terminated == 1)
  }

  private static func word(
    _ head: millrace_outcome, _ file: borrowing Descriptor, _ maxResult: Bytes
  ) -> HandlerWord? {
    guard head.magic == MILLRACE_OUTCOME_MAGIC else { return nil }
    switch head.status {
    case 0: break
    case 3:
      let delay = min(max(head.delay_ms, 0), longestSnooze)
      let reason = text(of: head.message)
      return .snoozed(after: .milliseconds(delay), reason: reason.isEmpty ? nil : reason)
    default:
      return .failed(
        Failure(
          code: text(of: head.code), message: text(of: head.message), isRetryable: head.retryable == 1))
    }
    guard head.has_result == 1 else { return .done(nil) }
    guard head.result_length <= UInt64(maxResult.rawValue),
      let bytes = bytes(of: file, at: MemoryLayout<millrace_outcome>.size, count: Int(head.result_length))
    else { return nil }
    return .done(JobResult(mediaType: text(of: head.media_type), bytes: bytes))
  }

  /// A year, in ms, as `millrace.h` has it.
  private static let longestSnooze: Int64 = 31_536_000_000

  private static func checkpoint(_ head: millrace_outcome, _ file: borrowing Descriptor) -> [UInt8]? {
    guard head.checkpoint_generation > 0, head.result_capacity < 1 << 41 else { return nil }
    let slot = Int(head.checkpoint_generation & 1)
    let length = slot == 0 ? head.checkpoint_length.0 : head.checkpoint_length.1
    guard length <= UInt64(MILLRACE_CHECKPOINT_SLOT) else { return nil }
    return bytes(
      of: file, at: checkpoints(behind: Int(head.result_capacity)) + slot * slotSize, count: Int(length))
  }

  /// Returns so many bytes; nil if the file is shorter than it says.
  private static func bytes(of file: borrowing Descriptor, at offset: Int, count length: Int) -> [UInt8]? {
    let bytes = Descriptor.bytes(of: file.number, from: offset, atMost: length).bytes
    return bytes.count == length ? bytes : nil
  }
}
