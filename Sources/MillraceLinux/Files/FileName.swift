import Glibc

/// The name of a file in its directory: any bytes but zero and `/`.
struct FileName: Hashable, Sendable {
  let bytes: [UInt8]

  /// It as a text; nil if it is no UTF-8.
  var text: String? { String(validating: bytes, as: UTF8.self) }

  /// It for people: bytes that are no printable characters of ASCII are written `\xE9`.
  var shown: String {
    bytes.map { byte in
      if (0x20...0x7E).contains(byte) { return String(Unicode.Scalar(byte)) }
      let digits = String(byte, radix: 16, uppercase: true)
      return "\\x" + (digits.utf8.count < 2 ? "0" : "") + digits
    }.joined()
  }

  var isHidden: Bool { bytes.first == UInt8(ascii: ".") }
}

extension stat {
  /// Looks at a file; a link is not followed (lstat(2)).
  ///
  /// - Returns: nil if there is none.
  /// - Throws: `LinuxError`.
  init?(of name: FileName, in directory: String) throws {
    self.init()
    let path = (Array(directory.utf8) + [UInt8(ascii: "/")] + name.bytes + [0]).map { CChar(bitPattern: $0) }
    guard lstat(path, &self) != 0 else { return }
    if errno == ENOENT || errno == ENOTDIR { return nil }
    throw LinuxError("look at `\(directory)/\(name.shown)`", .kernel(errno))
  }
}
