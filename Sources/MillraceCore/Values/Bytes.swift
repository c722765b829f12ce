/// A size in bytes, never negative.
package struct Bytes: RawRepresentable, Hashable, Comparable, Sendable, Codable {
  /// The number of bytes.
  package let rawValue: Int64

  /// Makes a size; a negative count is a bug of ours.
  package init(rawValue: Int64) {
    precondition(rawValue >= 0, "a size is never negative")
    self.rawValue = rawValue
  }

  /// Makes a size of so many bytes.
  package init(_ count: Int64) { self.init(rawValue: count) }

  /// No bytes at all.
  package static let zero = Bytes(0)

  /// Makes a size of so many KiB.
  package static func kibibytes(_ count: Int64) -> Bytes { Bytes(count << 10) }

  /// Makes a size of so many MiB.
  package static func mebibytes(_ count: Int64) -> Bytes { Bytes(count << 20) }

  /// Makes a size of so many GiB.
  package static func gibibytes(_ count: Int64) -> Bytes { Bytes(count << 30) }

  package init(from decoder: any Decoder) throws {
    let count = try decoder.singleValueContainer().decode(Int64.self)
    guard count >= 0 else {
      throw DecodingError.dataCorrupted(
        .init(
          codingPath: decoder.codingPath,
          debugDescription: "a size is never negative, but this is \(count)"))
    }
    self.init(rawValue: count)
  }

  package func encode(to encoder: any Encoder) throws {
    var container = encoder.singleValueContainer()
    try container.encode(rawValue)
  }

  package static func < (left: Bytes, right: Bytes) -> Bool { left.rawValue < right.rawValue }

  /// Returns the sum, or the largest size if it passes that.
  package static func + (left: Bytes, right: Bytes) -> Bytes {
    Bytes(left.rawValue.adding(clamped: right.rawValue))
  }

  /// Returns the difference, or zero if `right` is the larger one.
  package static func - (left: Bytes, right: Bytes) -> Bytes { Bytes(max(0, left.rawValue - right.rawValue)) }
}

extension Bytes {
  /// Reads a size as people write it: `512`, `64K`, `256M`, `1.5G`, `2GiB`, `1TB`.
  ///
  /// A suffix means a power of 1024, with or without `i` and `B`, in either case.
  /// - Returns: nil if the text is no size, is negative or passes 8 EiB.
  package init?(text: String) {
    let digits = text.prefix { $0.isASCII && ($0.isNumber || $0 == ".") }
    let suffix = text.dropFirst(digits.count).lowercased()
    let shifts = ["": 0, "k": 10, "m": 20, "g": 30, "t": 40]
    guard let shift = shifts.first(where: { Self.suffixes(of: $0.key).contains(suffix) })?.value else {
      return nil
    }
    if let whole = Int64(digits) {
      let (scaled, overflow) = whole.multipliedReportingOverflow(by: 1 << shift)
      guard !overflow else { return nil }
      self.init(scaled)
    } else {
      guard digits.first != ".", digits.last != ".", let number = Double(digits) else { return nil }
      let scaled = number * Double(Int64(1) << shift)
      guard scaled < 0x1p62 else { return nil }
      self.init(Int64(scaled))
    }
  }

  /// How a unit may be written; bytes have no `iB`.
  private static func suffixes(of unit: String) -> [String] {
    unit.isEmpty ? ["", "b"] : [unit, unit + "b", unit + "ib"]
  }
}

extension Bytes: CustomStringConvertible {
  /// The size as people read it: `512 B`, `61.3 MiB`, `2 GiB`.
  package var description: String {
    let units = ["B", "KiB", "MiB", "GiB", "TiB"]
    var unit = 0
    var size = Double(rawValue)
    // What would be rounded to 1024 is 1 of the next unit.
    while (size * 10).rounded() >= 10_240, unit < units.count - 1 {
      size /= 1024
      unit += 1
    }
    let tenths = Int64((size * 10).rounded())
    let fraction = tenths % 10 == 0 ? "" : ".\(tenths % 10)"
    return "\(tenths / 10)\(fraction) \(units[unit])"
  }
}
