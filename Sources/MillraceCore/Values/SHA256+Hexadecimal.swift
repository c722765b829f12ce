extension SHA256 {
  /// Returns the digest of bytes in 64 hexadecimal digits: for texts that must not meet by chance.
  package static func hex(of bytes: some Sequence<UInt8>) -> String {
    let sum = SHA256()
    sum.add(Array(bytes))
    return sum.digest().map(\.hexadecimal).joined()
  }
}
