import MillraceCore
import MillraceYAML

/// The settings of a handler: in the configuration, as its defaults, and beside a plugin.
extension Setting {
  /// The settings that are a job's terms.
  static let wishNames =
    ["memory", "cpu", "pids", "timeout", "grace", "max_attempts", "retry_delay"] + retryNames
    + ["start_within", "finish_within", "place"]

  /// What holds for the attempts after the first one.
  private static let retryNames = [
    "retry_factor", "retry_max_delay", "retry_jitter", "retry_on", "memory_max", "timeout_factor",
  ]

  /// What can be said of a handler in every place.
  static let handlerNames = wishNames + ["concurrency", "rate"]

  /// The longest span that a setting takes.
  static let year = Duration.seconds(366 * 86_400)

  /// Reads this one of a handler's settings and puts it in place.
  func apply(to settings: inout Configuration.HandlerSettings) {
    let microsecond = Duration.microseconds(1)
    switch name {
    case "memory": settings.wishes.memory = bytes(.mebibytes(1)...Bytes.gibibytes(1 << 20))
    case "cpu": settings.wishes.cpuMillis = processors()
    case "pids": settings.wishes.pids = count(1...4_194_304).map { Int64($0) }
    case "timeout": settings.wishes.timeout = duration(.milliseconds(1)...Setting.year)
    case "grace": settings.wishes.grace = duration(microsecond...Duration.seconds(86_400))
    case "max_attempts": settings.wishes.maxAttempts = count(1...1000)
    case "retry_delay": settings.wishes.retryDelay = duration(microsecond...Setting.year)
    case "start_within": settings.wishes.startWithin = duration(.milliseconds(1)...Setting.year)
    case "finish_within": settings.wishes.finishWithin = duration(.milliseconds(1)...Setting.year)
    case "place": settings.wishes.place = word(of: Placement.self)
    case let name where Self.retryNames.contains(name):
      settings.wishes.retry = amended(settings.wishes.retry ?? RetryWishes())
    case "breaker": settings.breaker = breaker()
    case "concurrency": settings.concurrency = count(1...10_000)
    case "rate": settings.rate = rate()
    case "group": settings.group = text()
    case "tier": settings.tier = word(of: StartTier.self)
    default: preconditionFailure("`\(name)` is known and has no case")
    }
  }

  private func amended(_ wishes: RetryWishes) -> RetryWishes {
    var wishes = wishes
    switch name {
    case "retry_factor": wishes.factor = number(1...1000)
    case "retry_max_delay": wishes.maxDelay = duration(.zero...Setting.year)
    case "retry_jitter": wishes.jitter = part(0...100)
    case "retry_on": wishes.causes = causes()
    case "memory_max": wishes.memoryMax = bytes(.mebibytes(1)...Bytes.gibibytes(1 << 20))
    case "timeout_factor": wishes.timeoutFactor = number(1...1000)
    default: preconditionFailure("`\(name)` is known and has no case")
    }
    return wishes
  }

  /// Reads a list of causes of a retry; an empty one is none.
  private func causes() -> RetryCauses? {
    let words = elements().compactMap { $0.text() }
    do {
      return try RetryCauses(words: words)
    } catch {
      mistake(error.message + (error.hint.map { "; \($0)" } ?? ""))
      return nil
    }
  }

  /// Whether the name can be that of a plugin, a handler or a group; if not, that is a mistake.
  func hasValidName() -> Bool {
    if Handler.isValidName(name) { return true }
    mistakeInName("can't be a name: 1 to 64 of `a-z 0-9 - _ .`, a letter first")
    return false
  }
}
