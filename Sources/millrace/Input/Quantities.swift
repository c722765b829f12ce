import MillraceCore

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

  /// Reads the number of a job.
  static func job(_ text: String) throws -> JobID {
    guard let id = JobID(text: text) else { throw ArgumentProblem("it is no job number; write 42") }
    return id
  }
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
