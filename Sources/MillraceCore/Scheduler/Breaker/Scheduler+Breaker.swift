extension Scheduler {
  /// Returns how the breakers are that have something to tell, by handler.
  package var breakers: [BreakerStanding] {
    handlers.breakers.keys.sorted().compactMap { handlers.breakers[$0]?.standing(of: $0) }
  }

  /// Takes up what a former runner knew.
  mutating func restore(_ standings: [BreakerStanding]) {
    for one in standings { handlers.breakers[one.handler] = Breaker(one) }
  }

  /// A build that has nothing on record begins with a closed breaker; one that is switched off has none.
  mutating func renewBreakers() -> [Action] {
    handlers.breakers.keys.sorted().compactMap { handler in
      guard let rule = handlers.rules[handler], let breaker = handlers.breakers[handler],
        breaker.build != rule.build || rule.breaker == nil
      else { return nil }
      handlers.breakers[handler] = nil
      return breaker.standing(of: handler).phase == .closed ? nil : closed(handler, build: rule.build)
    }
  }

  mutating func resetBreaker(of handler: String, at now: Timestamp) -> [Action] {
    guard var breaker = handlers.breakers[handler] else { return [] }
    let isNews = breaker.handle(.reset, handlers.rules[handler]?.breaker ?? BreakerRules(), at: now)
    handlers.breakers[handler] = nil
    return isNews ? [closed(handler, build: breaker.build)] : []
  }

  private func closed(_ handler: String, build: String) -> Action {
    .breaker(BreakerStanding(handler: handler, build: build, phase: .closed, failures: 0))
  }

  /// Tells the breaker of a handler how an attempt ended.
  mutating func judge(_ attempt: RunningAttempt, _ end: AttemptEnd, at now: Timestamp) -> [Action] {
    let handler = attempt.job.handler
    let rule = handlers.rules[handler]
    // A handler that is gone for a while keeps its breaker: what tried it must not be waited for.
    let known = handlers.breakers[handler] ?? (rule?.breaker).map { _ in Breaker(build: rule?.build ?? "") }
    guard var breaker = known, breaker.build == attempt.build else { return [] }
    let rules = rule?.breaker ?? BreakerRules()
    let judgement = end.judgement
    let isNews = breaker.handle(
      .ended(judgement, attempt.id.job, admitted: attempt.admitted), rules, at: now)
    if handlers.breakers[handler] != nil || judgement == .failure { handlers.breakers[handler] = breaker }
    return isNews ? [.breaker(breaker.standing(of: handler))] : []
  }
}

extension AttemptEnd {
  /// What it says of the handler: an input that it refuses for good, or the doing of others, says nothing.
  var judgement: Breaker.Judgement {
    switch outcome {
    case .succeeded: .success
    case .crashed, .oomOwnLimit: .failure
    case .error: failure?.isRetryable ?? true ? .failure : .nothing
    case .timedOut: failure?.code == StopReason.deadline.rawValue ? .nothing : .failure
    case .oomPressure, .cancelled, .evicted, .snoozed, .lost: .nothing
    }
  }
}

extension HandlerSituation {
  /// When the breaker of a handler lets an attempt start; nil if that is not a matter of time.
  func nextByBreaker(_ handler: String) -> Timestamp? { breakers[handler]?.nextTime }

  /// Whether the breaker of a handler lets an attempt start.
  func isBreakerOpen(_ handler: String, at now: Timestamp) -> Bool {
    breakers[handler]?.isOpen(at: now) ?? true
  }

  /// What the gate of the breaker says.
  func breakerVerdict(_ handler: String, at now: Timestamp) -> GateVerdict {
    guard let rules = rules[handler]?.breaker else { return GateVerdict(gate: .breaker, isOpen: true) }
    let standing = breakers[handler]?.standing(of: handler)
    let isOpen = isBreakerOpen(handler, at: now)
    return GateVerdict(
      gate: .breaker, isOpen: isOpen, used: Int64(standing?.failures ?? 0), capacity: Int64(rules.failures),
      opensAt: isOpen ? nil : standing?.opensAt, subject: standing?.phase == .probing ? "one is tried" : nil)
  }
}
