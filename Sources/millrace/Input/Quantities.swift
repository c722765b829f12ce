import MillraceCore
import MillraceWire

/// Reads quantities as people write them; errors are `ArgumentProblem`.
enum Quantities {
  /// Reads a size above zero: `256M`.
  static func bytes(_ text: String) throws -> Bytes {
    guard let bytes = Bytes(text: text) else {
      throw ArgumentProblem("it is no size; write 512K, 256M or 1.5G")
    }
    guard bytes > .zero else { throw ArgumentProblem("it must be above 0") }
    return bytes
  }

  /// Reads a share of the processors in thousandths of one: `0.5`, `2`, `20%`, `250m`.
  static func cpuMillis(_ text: String) throws -> Int64 {
    let scale = text.hasSuffix("%") ? 10.0 : text.hasSuffix("m") ? 1 : 1000
    let digits = scale == 1000 ? text[...] : text.dropLast()
    guard digits.allSatisfy({ $0.isASCII && ($0.isNumber || $0 == ".") }), let number = Double(digits),
      number * scale < 1e9
    else { throw ArgumentProblem("it is no number of processors; write 0.5, 2, 20% or 250m") }
    let millis = Int64((number * scale).rounded())
    guard millis > 0 else { throw ArgumentProblem("it must be at least 0.001") }
    return millis
  }

  /// Reads a span above zero: `30s`, `1h30m`.
  static func span(_ text: String) throws -> Duration {
    let span = try spanOrZero(text)
    guard span > .zero else { throw ArgumentProblem("it must be above 0") }
    return span
  }

  /// Reads a span: `0`, `30s`, `1h30m`.
  static func spanOrZero(_ text: String) throws -> Duration {
    if text == "0" { return .zero }
    guard let span = Duration(text: text) else {
      throw ArgumentProblem("it is no span of time; write 500ms, 30s, 5m or 1h30m")
    }
    return span
  }

  /// Reads a whole number from 1 on.
  static func count(_ text: String) throws -> Int {
    guard let count = Int(text), count > 0 else { throw ArgumentProblem("it must be a whole number above 0") }
    return count
  }

  /// Reads a factor: 1 or more.
  static func factor(_ text: String) throws -> Double {
    guard let number = plainNumber(text), number >= 1 else {
      throw ArgumentProblem("it must be a number from 1 on, like 1.5")
    }
    return number
  }

  /// Reads a part of a whole: `20%`, `0.2`.
  static func part(_ text: String) throws -> Double {
    let isPercent = text.hasSuffix("%")
    let number = plainNumber(isPercent ? String(text.dropLast()) : text).map { isPercent ? $0 / 100 : $0 }
    guard let number, number <= 1 else { throw ArgumentProblem("it must be 0% to 100%, or 0 to 1") }
    return number
  }

  /// Neither `nan` nor `0x10` nor `1e3` is a number to people.
  private static func plainNumber(_ text: String) -> Double? {
    guard text.allSatisfy({ $0.isASCII && ($0.isNumber || $0 == ".") }) else { return nil }
    return Double(text)
  }

  /// Reads words with commas between them.
  static func words(_ text: String) throws -> [String] {
    let words = text.split(separator: ",", omittingEmptySubsequences: false).map(String.init)
    guard words.allSatisfy({ !$0.isEmpty }) else {
      throw ArgumentProblem("write words with commas between them")
    }
    return words
  }

  /// Reads how much memory: a size, or how much more than before: `512M`, `+50%`.
  static func memory(_ text: String) throws -> MemoryChange {
    guard text.hasPrefix("+") else { return .amount(try bytes(text)) }
    guard text.hasSuffix("%"), let percent = Int(text.dropFirst().dropLast()), (1...1000).contains(percent)
    else { throw ArgumentProblem("it must be a size like 512M, or +1% to +1000%") }
    return .more(percent: percent)
  }

  /// Reads a priority.
  static func priority(_ text: String) throws -> Int {
    guard let number = Int(text), Priority(rawValue: number) != nil else {
      throw ArgumentProblem("it must be 1 to 10; higher is sooner")
    }
    return number
  }

  /// Reads a bound on a device: `8:0 rbps=1M wbps=1M`.
  static func io(_ text: String) throws -> IOLimit {
    let words = text.split(separator: " ")
    let numbers = words.first?.split(separator: ":", omittingEmptySubsequences: false) ?? []
    guard numbers.count == 2, numbers.allSatisfy({ UInt32($0) != nil }), words.count > 1 else {
      throw ArgumentProblem("write `8:0 rbps=1M wbps=1M`; `lsblk` shows the numbers of the devices")
    }
    var limit = IOLimit(device: String(words[0]))
    for word in words.dropFirst() {
      let (name, value) = try pair(String(word))
      let rate = try bytes(value).rawValue
      switch name {
      case "rbps": limit.readBytesPerSecond = rate
      case "wbps": limit.writeBytesPerSecond = rate
      default: throw ArgumentProblem("`\(name)` is neither rbps nor wbps")
      }
    }
    return limit
  }

  /// Reads `key=value`.
  static func pair(_ text: String) throws -> (key: String, value: String) {
    guard let equals = text.firstIndex(of: "="), equals != text.startIndex else {
      throw ArgumentProblem("write key=value")
    }
    return (String(text[..<equals]), String(text[text.index(after: equals)...]))
  }

  /// Reads `ok:41`, `any:41`, `failed:41`, or `41` for the first.
  static func dependency(_ text: String) throws -> DependencyView {
    let parts = text.split(separator: ":", omittingEmptySubsequences: false).map(String.init)
    let word = parts.count == 2 ? parts[0] : Dependency.Condition.ok.rawValue
    guard parts.count <= 2, let condition = Dependency.Condition(rawValue: word),
      let id = JobID(text: parts[parts.count - 1])
    else { throw ArgumentProblem("write ok:41, any:41 or failed:41") }
    return DependencyView(Dependency(.job(id), condition))
  }

  /// Reads the number of a workflow.
  static func workflow(_ text: String) throws -> Int64 {
    guard let id = JobID(text: text) else { throw ArgumentProblem("it is no workflow number; write 3") }
    return id.rawValue
  }

  /// Reads the number of an event.
  static func event(_ text: String) throws -> EventNumber {
    guard let number = JobID(text: text)?.rawValue else {
      throw ArgumentProblem("it is no event number; write 17")
    }
    return EventNumber(number)
  }

  /// Reads a pattern of types of events.
  static func pattern(_ text: String) throws -> NamePattern {
    guard let pattern = NamePattern(text: text) else {
      throw ArgumentProblem("it must be 1 to 256 characters of ASCII without spaces, like upload.*")
    }
    return pattern
  }

  /// Reads the beginning of a build's SHA-256.
  static func build(_ text: String) throws -> String {
    let text = text.lowercased()
    guard HistoryFilter.isBuild(text) else {
      throw ArgumentProblem("it is no beginning of a SHA-256; write its first 8 to 64 hexadecimal digits")
    }
    return text
  }

  /// Reads the number of a job.
  static func job(_ text: String) throws -> JobID {
    guard let id = JobID(text: text) else { throw ArgumentProblem("it is no job number; write 42") }
    return id
  }
}

/// How much memory a job shall have from now on.
enum MemoryChange: Equatable {
  case amount(Bytes)
  case more(percent: Int)
}

/// A job, or one attempt at it: `42`, `42.1`.
struct JobReference: Equatable {
  var job: JobID
  var attempt: Int?

  /// Reads it; throws `ArgumentProblem`.
  init(text: String) throws {
    if let id = AttemptID(text: text) {
      job = id.job
      attempt = id.number
    } else if let id = JobID(text: text) {
      job = id
    } else {
      throw ArgumentProblem("it is no job; write 42, or 42.1 for its first attempt")
    }
  }
}
