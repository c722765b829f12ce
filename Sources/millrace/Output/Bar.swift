/// A share of a whole as a bar: `[###...]`.
enum Bar {
  /// Returns a bar of so many cells between brackets.
  static func text(of part: Double, cells: Int) -> String {
    let full = Int((bounded(part) * Double(cells)).rounded())
    return "[" + String(repeating: "#", count: full) + String(repeating: ".", count: cells - full) + "]"
  }

  /// Returns whole hundredths, 100 only if nothing is missing.
  static func percent(_ part: Double) -> Int { Int(bounded(part) * 100) }

  /// Returns what part one number is of another; zero of nothing.
  static func part(_ used: Int64, of capacity: Int64) -> Double {
    capacity > 0 ? Double(used) / Double(capacity) : 0
  }

  private static func bounded(_ part: Double) -> Double { part.isFinite ? min(1, max(0, part)) : 0 }
}
