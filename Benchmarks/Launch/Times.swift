/// Times of many runs of the same thing, in nanoseconds.
struct Times {
  private var all: [Int64] = []

  /// Adds times.
  mutating func add(_ times: [Int64]) { all += times }

  /// The middle one; noise of the machine moves it.
  var median: Int64 {
    precondition(!all.isEmpty, "nothing was measured")
    return all.sorted()[all.count / 2]
  }

  /// The shortest one: what is left when nothing else ran.
  var least: Int64 { all.min() ?? median }

  /// The time that this part of them, 0 to 1, does not pass.
  func part(_ part: Double) -> Int64 {
    precondition(!all.isEmpty, "nothing was measured")
    return all.sorted()[max(0, Int((Double(all.count) * part).rounded(.up)) - 1)]
  }

  /// Median and least as people read them.
  var text: String { "\(Self.text(median)) (\(Self.text(least)))" }

  /// Returns how many times as long these are as others.
  func ratios(to others: Times) -> (median: Double, least: Double) {
    (Double(median) / Double(others.median), Double(least) / Double(others.least))
  }

  /// Ratios of medians and of the shortest times as people read them.
  static func text(of ratios: (median: Double, least: Double)) -> String {
    "\(fixed(ratios.median, decimals: 2)) (\(fixed(ratios.least, decimals: 2)))"
  }

  /// A time as people read it.
  static func text(_ time: Int64) -> String {
    time < 10_000_000
      ? "\(time / 1000) µs" : fixed(Double(time) / 1e6, decimals: 1) + " ms"
  }
}

/// Returns a number, never negative, with this many decimals.
func fixed(_ number: Double, decimals: Int) -> String {
  var scale = 1
  for _ in 0..<decimals { scale *= 10 }
  let whole = Int((number * Double(scale)).rounded())
  guard decimals > 0 else { return "\(whole)" }
  let fraction = String(whole % scale)
  return "\(whole / scale)." + String(repeating: "0", count: decimals - fraction.count) + fraction
}

/// One line of the table.
struct Row {
  var what: String
  var lane: String
  var measured: String
  var limit = "–"
  var ratio = "–"
  var target = "–"

  /// Prints it.
  func show() { print("| \(what) | \(lane) | \(measured) | \(limit) | \(ratio) | \(target) |") }
}
