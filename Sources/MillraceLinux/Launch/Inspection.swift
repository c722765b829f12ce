import MillraceEngine

/// One look at everything that is there of attempts, while it waits for the keeper's part.
///
/// Much is on its way at any time: an attempt that was just started, a directory that is being removed. So
/// what is wrong counts only if the look before has seen the very same.
struct Inspection {
  /// Something wrong, by what tells it from others.
  struct Finding: Hashable {
    var kind: Leak.Kind
    var name: String
  }

  /// What was found so far, and whether the operator was told of it.
  private(set) var found: [Finding: Bool] = [:]
  private let former: [Finding: Bool]
  private var leaks: [Leak] = []
  private let answer: CheckedContinuation<Audit, Never>

  /// - Parameters:
  ///   - former: what the last look has found.
  ///   - answer: who waits.
  init(after former: [Finding: Bool], _ answer: CheckedContinuation<Audit, Never>) {
    self.former = former
    self.answer = answer
  }

  /// Notes something wrong. If it was there before, `mend` does what can be done and returns the sentence
  /// for the operator, who is told once.
  mutating func note(_ kind: Leak.Kind, _ name: String, mend: () -> String) {
    let finding = Finding(kind: kind, name: name)
    guard let wasTold = former[finding] else {
      found[finding] = false
      return
    }
    let text = mend()
    if !wasTold { leaks.append(Leak(kind, text)) }
    found[finding] = true
  }

  /// Answers.
  func end() {
    answer.resume(returning: Audit(leaks: leaks, hasSuspects: found.values.contains(false)))
  }
}
