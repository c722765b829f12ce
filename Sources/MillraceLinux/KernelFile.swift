import Glibc

/// A file of the kernel, kept open and read again and again, with the name that errors call it by.
final class KernelFile {
  let name: String
  let descriptor: Descriptor

  /// Opens a file; `directory` is nil for the current one.
  init(opening path: String, in directory: Int32? = nil, name: String) throws {
    descriptor = try Descriptor(opening: path, in: directory, flags: O_RDONLY)
    self.name = name
  }

  /// Opens a file; nil if this kernel does not have it.
  init?(ifThere path: String, in directory: Int32? = nil, name: String) throws {
    guard let descriptor = try Descriptor.ifThere(path, in: directory, flags: O_RDONLY) else { return nil }
    self.descriptor = descriptor
    self.name = name
  }
}

/// Room for the text of one kernel file after the other; used by one thread.
///
/// The kernel makes these texts anew for each read from their start, whole: so one `pread` is enough, and two
/// could show two states.
package final class ReadingBuffer {
  private let bytes: UnsafeMutableBufferPointer<UInt8>

  /// Makes room for texts that are shorter than `count` bytes.
  package init(count: Int = 64 << 10) { bytes = .allocate(capacity: count) }

  deinit { bytes.deallocate() }

  /// Hands a file's text to `body`, with one read.
  /// - Throws: `LinuxError` if the text does not fit: half of it could mean something else.
  func read<Result>(_ file: KernelFile, _ body: (Span<UInt8>) throws -> Result) throws -> Result {
    try read(file.descriptor, file.name, body)
  }

  /// The same for a file that is read once.
  func read<Result>(
    _ file: borrowing Descriptor, _ name: @autoclosure () -> String, _ body: (Span<UInt8>) throws -> Result
  ) throws -> Result {
    var count: Int
    repeat {
      count = pread(file.number, bytes.baseAddress, bytes.count, 0)
    } while count < 0 && errno == EINTR
    guard count >= 0 else { throw LinuxError("read `\(name())`", .kernel(errno)) }
    guard count < bytes.count else {
      throw LinuxError("read `\(name())`", .malformed("it is over \(bytes.count - 1) bytes long"))
    }
    return try body(UnsafeBufferPointer(bytes).extracting(..<count).span)
  }
}
