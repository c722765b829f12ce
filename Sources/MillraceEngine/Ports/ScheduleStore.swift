package import MillraceCore

/// A nominal time that is claimed, with the job that it makes.
package struct Claim: Sendable {
  /// The row to write; its job is that of the submission.
  package var tick: Tick
  /// The schedule as it is afterwards: `decided`, `runs` and `postponed` are written.
  package var schedule: Schedule
  /// Nil if it makes no job.
  package var submission: Submission?
  /// The events that it is about.
  package var events: [EventNumber] = []
  /// Whether it takes the place of a row without a job: for times that are made up for by hand.
  package var replaces = false

  package init(tick: Tick, schedule: Schedule, submission: Submission? = nil) {
    self.tick = tick
    self.schedule = schedule
    self.submission = submission
  }

  /// Whether it asks by hand for a job that is there already, by its key: nothing is written then.
  package func repeats(_ acceptance: Acceptance?) -> Bool {
    tick.fate == .manual && acceptance?.isNew == false
  }

  /// Returns the row that it has written; nil if it wrote none.
  package func row(of result: ClaimResult) -> Tick? {
    guard case .claimed(let acceptance) = result, !repeats(acceptance) else { return nil }
    var tick = tick
    tick.job = acceptance?.job
    return tick
  }
}

/// What came of a claim.
package enum ClaimResult: Sendable, Hashable {
  /// The row is written, and its job accepted if it makes one; or the job is there (`Claim.repeats`).
  case claimed(Acceptance?)
  /// The nominal time has its row already: no job is made of it a second time. The schedule is written.
  case taken

  /// The job that it made; nil for none.
  package var job: JobID? { if case .claimed(let acceptance?) = self { acceptance.job } else { nil } }
}

/// A change to a schedule that somebody asks for.
package enum ScheduleChange: Sendable {
  /// A new one; its name must be free.
  case add(ScheduleDefinition, file: String?, created: Timestamp)
  /// Another definition and file of the schedule; its rows stay, and times are counted on from `decided`.
  case replace(ScheduleID, ScheduleDefinition, file: String?, decided: Timestamp)
  /// It is paused, or no longer.
  case pause(ScheduleID, since: Timestamp?)
  /// It is no longer there, and its name is free; its rows stay.
  case remove(ScheduleID, at: Timestamp)
}

/// Where schedules and their nominal times are kept. One writer: the engine.
package protocol ScheduleStore: ScheduleReader {
  /// Makes a change; returned means committed. `now` is by the engine's clock: when that is told.
  /// - Returns: the schedule as it is now; nil if it is removed.
  /// - Throws: also for a name that is taken, and for a schedule that is not there or is removed.
  func change(_ change: ScheduleChange, at now: Timestamp) async throws -> Schedule?
  /// Claims nominal times and accepts their jobs, all of it in one transaction or nothing.
  ///
  /// - Parameters:
  ///   - claims: in the order of their nominal times; a job can depend on that of a claim before its own, by
  ///     the place among them.
  ///   - settlement: what else is decided about the events that they are about.
  ///   - now: by the engine's clock: when the jobs are submitted.
  /// - Returns: what came of each.
  /// - Throws: also for a fate that contradicts its submission, and for a schedule that was never there.
  func claim(
    _ claims: [Claim], settling settlement: EventSettlement, at now: Timestamp
  ) async throws -> [ClaimResult]
  /// Returns the jobs that have not ended, by number, of each schedule that has such and is not removed.
  func unfinishedJobsOfSchedules() async throws -> [ScheduleID: [JobID]]
}

/// What can be asked of schedules; also with the runner down.
package protocol ScheduleReader: Sendable {
  /// Returns a schedule that is not removed; nil if there is none of that name.
  func schedule(named name: String) async throws -> Schedule?
  /// Returns the schedules that are not removed whose names come after one, by name; at most so many.
  func schedules(after name: String, atMost count: Int) async throws -> [Schedule]
  /// Returns nominal times of a schedule, the newest first.
  func ticks(matching filter: TickFilter) async throws -> [TickRow]
  /// Returns the nominal time of the last tick whose job succeeded; nil if there is none.
  func lastSuccess(of schedule: ScheduleID) async throws -> Timestamp?
  /// Returns figures of each of these schedules, over all of its rows.
  func tallies(of schedules: [ScheduleID]) async throws -> [ScheduleID: ScheduleTally]
  /// Returns how many nominal times had each fate, over the last times of each schedule that is not removed:
  /// at most `count` of each, which is 1 at least; only of those whose jobs have a handler, if it is given.
  func fates(lastOfEach count: Int, handler: String?) async throws -> [Fate: Int]
}

extension ScheduleReader {
  /// Returns the schedules that are not removed, by name.
  package func schedules() async throws -> [Schedule] { try await schedules(after: "", atMost: .max) }
}
