import CMillraceLinux.Libc

/// HMAC with SHA-256 (https://www.rfc-editor.org/rfc/rfc2104).
enum MessageCode {
  static let size = SHA256.size

  /// Returns the code of a message that is made of parts.
  static func code(_ parts: [[UInt8]], key: [UInt8]) -> [UInt8] {
    precondition(key.count <= SHA256.blockSize)
    let padded = key + [UInt8](repeating: 0, count: SHA256.blockSize - key.count)
    let inner = SHA256()
    inner.add(padded.map { $0 ^ 0x36 })
    for part in parts { inner.add(part) }
    let outer = SHA256()
    outer.add(padded.map { $0 ^ 0x5c })
    outer.add(inner.digest())
    return outer.digest()
  }

  /// Whether two codes are the same; takes as long where they differ first as where they differ last.
  static func areEqual(_ left: ArraySlice<UInt8>, _ right: [UInt8]) -> Bool {
    guard left.count == right.count else { return false }
    var difference: UInt8 = 0
    for (left, right) in zip(left, right) { difference |= left ^ right }
    return difference == 0
  }
}
