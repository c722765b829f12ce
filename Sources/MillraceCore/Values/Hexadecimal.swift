extension FixedWidthInteger where Self: UnsignedInteger {
  /// All of its digits to the base of 16, with the zeros at the front: 8 for a `UInt32`.
  package var hexadecimal: String {
    let digits = String(self, radix: 16)
    return String(repeating: "0", count: Self.bitWidth / 4 - digits.utf8.count) + digits
  }
}
