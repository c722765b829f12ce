import MillraceCore

extension Simulation {
  /// What a scheduler that does not keep to the rules of the cluster would do: it is told something else than
  /// the record, so that the checks can be tried.
  package enum Flaw: Sendable, CaseIterable {
    /// It does not hear of the cluster's trouble.
    case missesTrouble
    /// It takes a node at fault for one that was lost.
    case missesFaults
    /// It lets more attempts be there than may.
    case overfills
    /// It sends what may run anywhere at once.
    case sendsAtOnce
    /// It forgets where a job must run.
    case forgetsPlaces
    /// It gives a job up whose node was lost once.
    case givesUp
    /// It does not hear that a node was lost.
    case missesLosses

    /// What it goes by.
    func policy(_ policy: Policy) -> Policy {
      var policy = policy
      switch self {
      case .overfills: policy.cluster?.outstanding += 1
      case .sendsAtOnce: policy.cluster?.autoWait = .seconds(-1)
      case .givesUp: policy.maxLosses = 1
      case .missesTrouble, .missesFaults, .forgetsPlaces, .missesLosses: break
      }
      return policy
    }

    /// What it hears of an event.
    func told(_ event: Event) -> [Event] {
      switch (self, event) {
      case (.missesTrouble, .cluster(var standing)):
        standing.trouble = nil
        return [.cluster(standing)]
      case (.missesFaults, .ended(let id, var report)):
        if case .nodeFault = report.interruption { report.interruption = .nodeLost }
        return [.ended(id, report)]
      case (.missesLosses, .ended(_, let report)):
        return report.interruption == .nodeLost ? [] : [event]
      case (.forgetsPlaces, .submitted(var jobs)):
        for place in jobs.indices { jobs[place].terms.place = nil }
        return [.submitted(jobs)]
      case (_, .policy(let policy)): return [.policy(self.policy(policy))]
      default: return [event]
      }
    }
  }
}
