extension SHA256 {
  /// Whether a word is a digest in hexadecimal digits, as file names have it.
  static func isHex(_ word: ArraySlice<UInt8>) -> Bool {
    word.count == 2 * size
      && word.allSatisfy { byte in
        switch byte {
        case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "a")...UInt8(ascii: "f"): true
        default: false
        }
      }
  }

  /// Returns a digest as hexadecimal digits.
  static func hex(_ digest: [UInt8]) -> [UInt8] {
    digest.flatMap { byte in [byte >> 4, byte & 15].map { $0 < 10 ? 48 + $0 : 87 + $0 } }
  }
}
