/// For which ends of an attempt there is another one.
package struct RetryCauses: OptionSet, Hashable, Sendable, Codable {
  package let rawValue: UInt8
  package init(rawValue: UInt8) { self.rawValue = rawValue }

  /// The handler said no, and that another attempt may help; or it ended without a word.
  package static let error = RetryCauses(rawValue: 1)
  package static let crashed = RetryCauses(rawValue: 2)
  package static let timedOut = RetryCauses(rawValue: 4)
  /// It passed its own memory limit; the next attempt gets more.
  package static let oomOwnLimit = RetryCauses(rawValue: 8)
  package static let all: RetryCauses = [.error, .crashed, .timedOut, .oomOwnLimit]

  /// Each cause with its name.
  package static let names: [(name: String, cause: RetryCauses)] = [
    ("error", .error), ("crashed", .crashed), ("timedOut", .timedOut), ("oomOwnLimit", .oomOwnLimit),
  ]
}

extension RetryCauses {
  /// Reads the names of causes, or the one word `none`.
  /// - Throws: `Refusal` (`invalid`) for another word.
  package init(words: [String]) throws(Refusal) {
    self = []
    guard words != ["none"] else { return }
    for word in words {
      guard let known = Self.names.first(where: { $0.name == word }) else {
        let names = Self.names.map(\.name).joined(separator: ", ")
        throw Refusal(
          .invalid, "there is no cause `\(word)` of a retry", hint: "one or more of: \(names); or none")
      }
      insert(known.cause)
    }
  }
}

/// What holds for the attempts after the first one, beside their number and the first wait.
package struct RetryRule: Hashable, Sendable, Codable {
  /// How many times as long as the one before each wait is, at least 1.
  package var factor = 2.0
  /// The longest wait; nil for the runner's bound.
  package var maxDelay: Duration?
  /// The part of a wait that is drawn by lot, 0 to 1.
  package var jitter = 0.0
  package var causes = RetryCauses.all
  /// The most memory that a later attempt gets; nil for what the machine can give.
  package var memoryMax: Bytes?
  /// How many times as long the attempt after one that timed out may run, at least 1.
  package var timeoutFactor = 1.0

  package init() {}

  /// Returns this rule with everything that `wishes` say put in its place.
  package func amended(by wishes: RetryWishes?) -> RetryRule {
    guard let wishes else { return self }
    var rule = self
    rule.factor = wishes.factor ?? factor
    rule.maxDelay = wishes.maxDelay ?? maxDelay
    rule.jitter = wishes.jitter ?? jitter
    rule.causes = wishes.causes ?? causes
    rule.memoryMax = wishes.memoryMax ?? memoryMax
    rule.timeoutFactor = wishes.timeoutFactor ?? timeoutFactor
    return rule
  }
}

/// What somebody asks for of the attempts after the first one; nil stands for "not said".
package struct RetryWishes: Hashable, Sendable, Codable {
  /// How many times as long as the one before each wait is.
  package var factor: Double?
  package var maxDelay: Duration?
  /// The part of a wait that is drawn by lot, 0 to 1.
  package var jitter: Double?
  package var causes: RetryCauses?
  /// The most memory that a later attempt gets.
  package var memoryMax: Bytes?
  /// How many times as long the attempt after one that timed out may run.
  package var timeoutFactor: Double?

  package init() {}

  /// Returns these wishes, with `other`'s where nothing is said here.
  package func filled(from other: RetryWishes?) -> RetryWishes {
    guard let other else { return self }
    var wishes = self
    wishes.factor = factor ?? other.factor
    wishes.maxDelay = maxDelay ?? other.maxDelay
    wishes.jitter = jitter ?? other.jitter
    wishes.causes = causes ?? other.causes
    wishes.memoryMax = memoryMax ?? other.memoryMax
    wishes.timeoutFactor = timeoutFactor ?? other.timeoutFactor
    return wishes
  }
}
