package import MillraceCore
package import MillraceEngine

/// Where launchers run one after the other.
package protocol AttemptStage {
  /// Starts a launcher in the place of the former one, which goes as with its runner: what runs goes on.
  func nextAttempts() async throws -> any AttemptLauncher
  /// An attempt that goes on until it is asked to end.
  func plan(_ attempt: AttemptID) throws -> LaunchPlan
}

/// A machine on which launchers run one after the other.
package protocol LauncherStage: AttemptStage {
  /// Starts a launcher in the place of the former one, which goes as with its runner: what runs goes on.
  func next() async throws -> any Launcher
  /// Leaves something of this kind behind, of an attempt that nobody knows; the launcher has run something.
  func plant(_ kind: Leak.Kind) throws
}

extension LauncherStage {
  package func nextAttempts() async throws -> any AttemptLauncher { try await next() }
}

/// What any `AttemptLauncher` must do, wherever it has attempts run. Each clause wants a stage on which
/// nothing has run.
package struct AttemptContract: Sendable, CustomStringConvertible {
  /// The clause as a sentence.
  package let description: String
  /// Tries it on a fresh stage.
  package let check: @Sendable (any AttemptStage) async throws -> Void

  init(_ description: String, _ check: @escaping @Sendable (any AttemptStage) async throws -> Void) {
    self.description = description
    self.check = check
  }

  /// All clauses.
  package static let clauses = [
    AttemptContract("an end that was not released is told again to the next launcher that takes over") {
      stage in
      let first = try await stage.nextAttempts()
      let report = try await first.runToItsEnd(try stage.plan(one))
      let second = try await stage.nextAttempts()
      try demandEqual(try await second.takeOver(open: [kept(one)]), [one])
      try demandEqual(try await second.report(of: one), report)
      // The one who heard it may have gone as well.
      let third = try await stage.nextAttempts()
      try demandEqual(try await third.takeOver(open: [kept(one)]), [one])
      try demandEqual(try await third.report(of: one), report)
      await third.release([one])
    },
    AttemptContract("an end that was released is known to no later launcher") { stage in
      let first = try await stage.nextAttempts()
      _ = try await first.runToItsEnd(try stage.plan(one))
      _ = try await first.runToItsEnd(try stage.plan(two))
      await first.release([one])
      let second = try await stage.nextAttempts()
      try demandEqual(try await second.takeOver(open: [kept(one), kept(two)]), [two])
      _ = try await second.report(of: two)
      await second.release([two])
    },
    AttemptContract("releasing what is not known, or twice, is no error; an attempt that runs goes on") {
      stage in
      let launcher = try await stage.nextAttempts()
      _ = try await launcher.runToItsEnd(try stage.plan(one))
      await launcher.launch([try stage.plan(two)])
      await launcher.release([one, one, two, AttemptID(job: JobID(99), number: 1)])
      await launcher.terminate(two)
      _ = try await launcher.report(of: two)
      await launcher.release([two])
    },
  ]
}

/// What any `Launcher` must do. Each clause wants a stage on which nothing has run.
package struct LauncherContract: Sendable, CustomStringConvertible {
  /// The clause as a sentence.
  package let description: String
  /// Tries it on a fresh stage.
  package let check: @Sendable (any LauncherStage) async throws -> Void

  init(_ description: String, _ check: @escaping @Sendable (any LauncherStage) async throws -> Void) {
    self.description = description
    self.check = check
  }

  /// All clauses.
  package static let clauses =
    AttemptContract.clauses.map { clause in
      LauncherContract(clause.description) { try await clause.check($0) }
    }
    + auditing

  private static let auditing = [
    LauncherContract("an audit finds nothing while attempts start, run and end as they should") { stage in
      let launcher = try await stage.next()
      _ = try await launcher.takeOver(open: [])
      for _ in 0..<2 { try demandEqual(await launcher.audit(expecting: []), Audit()) }
      _ = try await launcher.runToItsEnd(try stage.plan(one))
      await launcher.launch([try stage.plan(two)])
      for _ in 0..<2 { try demandEqual(await launcher.audit(expecting: [one, two]), Audit()) }
      await launcher.release([one])
      await launcher.terminate(two)
      _ = try await launcher.report(of: two)
      await launcher.release([two])
      for _ in 0..<2 { try demandEqual(await launcher.audit(expecting: []), Audit()) }
    },
    LauncherContract("what is left behind is told once, when it is seen for the second time, and mended") {
      stage in
      for kind in Leak.Kind.allCases where kind != .attempt {
        let launcher = try await stage.next()
        _ = try await launcher.takeOver(open: [])
        _ = try await launcher.runToItsEnd(try stage.plan(one))
        await launcher.release([one])
        try stage.plant(kind)
        try demandEqual(await launcher.audit(expecting: []), Audit(hasSuspects: true))
        let second = await launcher.audit(expecting: [])
        try demandEqual(second.leaks.map(\.kind), [kind])
        try demandEqual(await launcher.audit(expecting: []).leaks, [])
      }
    },
    LauncherContract("an attempt that nobody knows of is told, and ends without an event") { stage in
      let launcher = try await stage.next()
      _ = try await launcher.takeOver(open: [])
      await launcher.launch([try stage.plan(one)])
      try demandEqual(await launcher.audit(expecting: []), Audit(hasSuspects: true))
      try demandEqual(await launcher.audit(expecting: []).leaks.map(\.kind), [.attempt])
      // It is gone, without a word: the next event of an end is another's.
      await launcher.launch([try stage.plan(two)])
      await launcher.terminate(two)
      for await event in launcher.events {
        guard case .ended(let id, _) = event else { continue }
        try demandEqual(id, two)
        break
      }
      await launcher.release([two])
      while await launcher.audit(expecting: []) != Audit() { await Task.yield() }
    },
    LauncherContract("an attempt of which nothing is there is told; an end that nobody released is released")
    {
      stage in
      let launcher = try await stage.next()
      _ = try await launcher.takeOver(open: [])
      _ = try await launcher.runToItsEnd(try stage.plan(one))
      for count in 0..<2 {
        try demandEqual(
          await launcher.audit(expecting: [two]).leaks.map(\.kind), count == 0 ? [] : [.attempt, .attempt])
      }
      let next = try await stage.next()
      try demandEqual(try await next.takeOver(open: [kept(one)]), [])
    },
  ]
}

private let one = AttemptID(job: JobID(1), number: 1)
private let two = AttemptID(job: JobID(2), number: 1)

private func kept(_ attempt: AttemptID) -> KeptAttempt { KeptAttempt(attempt: attempt, plugin: "fixture") }

extension AttemptLauncher {
  /// Starts an attempt, asks it to end and returns how it did.
  fileprivate func runToItsEnd(_ plan: LaunchPlan) async throws -> AttemptReport {
    await launch([plan])
    await terminate(plan.attempt)
    return try await report(of: plan.attempt)
  }

  /// Waits for the end of an attempt; what is told before that is passed over.
  fileprivate func report(of attempt: AttemptID) async throws -> AttemptReport {
    for await event in events {
      switch event {
      case .ended(attempt, let report): return report
      case .refused(attempt, let reason): throw TestFailure("refused: \(reason)")
      case .started, .refused, .progress, .notice, .ended, .placed, .late, .cluster: continue
      }
    }
    throw TestFailure("the events have ended")
  }
}
