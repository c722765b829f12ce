/// One of the five fields of a cron expression.
enum CronField: Int, CaseIterable {
  case minute, hour, dayOfMonth, month, dayOfWeek

  /// The numbers that it may have.
  var range: ClosedRange<Int> {
    switch self {
    case .minute: 0...59
    case .hour: 0...23
    case .dayOfMonth: 1...31
    case .month: 1...12
    case .dayOfWeek: 0...7
    }
  }

  /// The names that stand for its numbers, from the lowest number on.
  var names: [String] {
    switch self {
    case .minute, .hour, .dayOfMonth: []
    case .month: ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"]
    case .dayOfWeek: ["sun", "mon", "tue", "wed", "thu", "fri", "sat"]
    }
  }

  /// What one of its numbers is called.
  var name: String {
    switch self {
    case .minute: "minute"
    case .hour: "hour"
    case .dayOfMonth: "day of the month"
    case .month: "month"
    case .dayOfWeek: "day of the week"
    }
  }

  /// What it may have, in words.
  var allowed: String {
    let numbers = "\(range.lowerBound) to \(range.upperBound)"
    return switch self {
    case .minute, .hour, .dayOfMonth: numbers
    case .month: numbers + " or jan to dec"
    case .dayOfWeek: numbers + " (0 and 7 are Sunday) or sun to sat"
    }
  }

  /// Returns the number that a text stands for; nil if it is none of this field.
  func number(_ text: Substring) -> Int? {
    if let index = names.firstIndex(of: text.lowercased()) { return range.lowerBound + index }
    guard let number = wholeNumber(text), range.contains(number) else { return nil }
    return number
  }
}

/// Returns a number of digits alone; a very large one as the largest there is.
func wholeNumber(_ text: Substring) -> Int? {
  guard !text.isEmpty, text.utf8.allSatisfy({ (0x30...0x39).contains($0) }) else { return nil }
  return Int(text) ?? .max
}
