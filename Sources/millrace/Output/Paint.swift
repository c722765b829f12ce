import MillraceCore

/// What a text means, as colour.
enum Tone: Equatable {
  case plain, good, bad, busy, quiet, title

  fileprivate var code: String? {
    switch self {
    case .plain: nil
    case .good: "32"
    case .bad: "31"
    case .busy: "33"
    case .quiet: "2"
    case .title: "1"
    }
  }
}

extension JobState {
  var tone: Tone {
    switch self {
    case .succeeded: .good
    case .failed: .bad
    case .starting, .running: .busy
    case .cancelled: .quiet
    case .blocked, .scheduled, .queued: .plain
    }
  }
}

extension Outcome {
  var tone: Tone {
    switch self {
    case .succeeded: .good
    case .error, .crashed, .oomOwnLimit, .timedOut: .bad
    case .oomPressure, .evicted, .snoozed, .lost: .busy
    case .cancelled: .quiet
    }
  }
}

/// Puts colour on text, or doesn't.
struct Paint {
  let isOn: Bool

  /// Colour on a terminal, unless [NO_COLOR](https://no-color.org) is set or the terminal is dumb.
  static var standardOutput: Paint {
    Paint(
      isOn: StandardOutput.isTerminal && Places.environment("NO_COLOR") == nil
        && Places.environment("TERM") != "dumb")
  }

  func callAsFunction(_ text: String, _ tone: Tone) -> String {
    guard isOn, let code = tone.code, !text.isEmpty else { return text }
    return "\u{1b}[\(code)m\(text)\u{1b}[0m"
  }
}

extension String {
  /// The text on one line with nothing in it that moves a terminal's cursor or changes its colours.
  var printable: String {
    guard unicodeScalars.contains(where: \.isControl) else { return self }
    var text = String.UnicodeScalarView()
    for scalar in unicodeScalars {
      switch scalar {
      case "\n": text.append(contentsOf: "\\n".unicodeScalars)
      case "\t": text.append(" ")
      default: text.append(scalar.isControl ? "\u{fffd}" : scalar)
      }
    }
    return String(text)
  }
}

extension Unicode.Scalar {
  fileprivate var isControl: Bool { value < 0x20 || (0x7f...0x9f).contains(value) }
}
