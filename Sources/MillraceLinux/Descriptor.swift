import CMillraceLinux
import Glibc

/// The one owner of a file descriptor: it is closed once, when its owner goes.
package struct Descriptor: ~Copyable, Sendable {
  /// The number; valid as long as the owner lives.
  package let number: Int32

  /// Takes a descriptor over.
  package init(owning number: Int32) {
    precondition(number >= 0, "no descriptor")
    self.number = number
  }

  /// Opens a file; `directory` is nil for the current one.
  package init(opening path: String, in directory: Int32? = nil, flags: Int32, mode: UInt32 = 0o600) throws {
    number = try check(
      millrace_open(directory ?? AT_FDCWD, path, flags | O_CLOEXEC, mode), "open `\(path)`")
  }

  /// Opens a file; nil if there is none.
  package static func ifThere(_ path: String, in directory: Int32? = nil, flags: Int32) throws -> Descriptor?
  {
    let number = millrace_open(directory ?? AT_FDCWD, path, flags | O_CLOEXEC, 0)
    if number == -ENOENT { return nil }
    return Descriptor(owning: try check(number, "open `\(path)`"))
  }

  deinit { close(number) }

  /// Gives the number away; the caller closes it.
  consuming func release() -> Int32 {
    let number = number
    discard self
    return number
  }

  /// Returns the whole file from its start: kernel files are read anew that way.
  /// - Throws: `LinuxError` if it is longer than `bound` bytes: half a text could mean something else.
  package func contents(atMost bound: Int = 64 << 10, _ name: @autoclosure () -> String) throws -> String {
    var bytes = [UInt8](repeating: 0, count: 4096)
    var length = 0
    while true {
      let count = bytes.withUnsafeMutableBytes {
        pread(number, $0.baseAddress.map { $0 + length }, $0.count - length, off_t(length))
      }
      if count < 0 {
        if errno == EINTR { continue }
        throw LinuxError("read `\(name())`", .kernel(errno))
      }
      length += count
      if count == 0 { break }
      guard length <= bound else {
        throw LinuxError("read `\(name())`", .malformed("it is over \(bound) bytes long"))
      }
      if length == bytes.count { bytes.append(contentsOf: repeatElement(0, count: length)) }
    }
    return String(decoding: bytes[..<length], as: UTF8.self)
  }

  /// Returns at most so many bytes of a file behind `offset`, fewer at its end; and what kept it from reading
  /// on, 0 if nothing did.
  package static func bytes(
    of number: Int32, from offset: Int, atMost bound: Int
  ) -> (bytes: [UInt8], error: Int32) {
    var error: Int32 = 0
    let bytes = [UInt8](unsafeUninitializedCapacity: bound) { buffer, count in
      while count < bound {
        let got = pread(
          number, buffer.baseAddress.map { $0 + count }, bound - count, off_t(offset + count))
        if got < 0 && errno == EINTR { continue }
        if got < 0 { error = errno }
        if got <= 0 { break }
        count += got
      }
    }
    return (bytes, error)
  }

  /// Writes all of the bytes.
  package func write(_ bytes: UnsafeRawBufferPointer, _ name: @autoclosure () -> String) throws {
    var rest = bytes
    while !rest.isEmpty {
      rest = UnsafeRawBufferPointer(rebasing: rest.dropFirst(try writeSome(rest, name())))
    }
  }

  /// Writes as many of the bytes as there is room for at the moment; returns how many.
  func writeSome(_ bytes: UnsafeRawBufferPointer, _ name: @autoclosure () -> String) throws -> Int {
    while true {
      let count = Glibc.write(number, bytes.baseAddress, bytes.count)
      if count >= 0 { return count }
      guard errno == EINTR else { throw LinuxError("write to `\(name())`", .kernel(errno)) }
    }
  }
}

/// Returns the whole text of a file of at most 16 MiB.
func textFile(_ path: String) throws -> String {
  try Descriptor(opening: path, flags: O_RDONLY).contents(atMost: 16 << 20, path)
}
