import CMillraceLinux
import Glibc
import MillraceCore

/// What an attempt's process leaves: a file in memory that it wrote, so nothing of it is believed unchecked.
enum OutcomeFile {
  /// Makes an empty one.
  static func make() throws -> Descriptor {
    let file = Descriptor(owning: try check(millrace_memfd_create("outcome"), "make an outcome file"))
    try checkErrno(
      ftruncate(file.number, off_t(MemoryLayout<millrace_outcome>.size)), "size an outcome file")
    return file
  }

  /// Returns what the handler said; nil if it said nothing that can be read.
  static func read(_ file: borrowing Descriptor, maxResult: Bytes) -> HandlerWord? {
    var head = millrace_outcome()
    let size = MemoryLayout<millrace_outcome>.size
    let got = withUnsafeMutableBytes(of: &head) { pread(file.number, $0.baseAddress, size, 0) }
    guard got == size, head.magic == MILLRACE_OUTCOME_MAGIC else { return nil }
    guard head.status == 0 else {
      return .failed(
        Failure(
          code: text(of: head.code), message: text(of: head.message), isRetryable: head.retryable == 1))
    }
    guard head.has_result == 1 else { return .done(nil) }
    guard head.result_length <= UInt64(maxResult.rawValue) else { return nil }
    let length = Int(head.result_length)
    let bytes = [UInt8](unsafeUninitializedCapacity: length) { buffer, count in
      while count < length {
        let got = pread(
          file.number, buffer.baseAddress.map { $0 + count }, length - count, off_t(size + count))
        if got <= 0 { break }  // Shorter than it says.
        count += got
      }
    }
    guard bytes.count == length else { return nil }
    return .done(JobResult(mediaType: text(of: head.media_type), bytes: bytes))
  }
}
