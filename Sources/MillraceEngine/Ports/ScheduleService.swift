package import MillraceCore

/// What can be done with schedules from outside.
package protocol ScheduleService: Sendable {
  /// Adds a schedule; returned means committed.
  /// - Throws: `Refusal`: `conflict` for a name that is taken; `invalid` and the like as for a job, for its
  ///   job is checked with the values of its next time.
  func add(_ definition: ScheduleDefinition) async throws -> ScheduleStanding
  /// Gives a schedule another definition; what was decided stays, and times count from now on.
  ///
  /// - Parameters:
  ///   - name: the schedule.
  ///   - definition: what it shall be.
  ///   - revisions: what it must be now, one of these; nil for whatever it is.
  /// - Returns: it as it stands then.
  /// - Throws: `Refusal`; `conflict` also for one that is from a file; `changed` if it is something else.
  func edit(
    _ name: String, to definition: ScheduleDefinition, from revisions: Set<String>?
  ) async throws -> ScheduleStanding
  /// Pauses a schedule, or lets it go on; no change if it is so already.
  /// - Throws: `Refusal` if there is none of that name.
  func pause(_ name: String, _ isPaused: Bool) async throws -> ScheduleStanding
  /// Removes a schedule, if it is one of the revisions, whatever it is for nil; its rows and jobs stay.
  /// - Throws: `Refusal` if there is none of that name, it is from a file, or is something else.
  func remove(schedule name: String, of revisions: Set<String>?) async throws
  /// Makes a job of a schedule now, beside its times and whatever runs; with a key as for jobs, only if no
  /// job has it.
  /// - Throws: `Refusal`, as for a job.
  func runNow(_ name: String, key: JobKey?) async throws -> Acceptance
  /// Makes the jobs of nominal times that have none, the earlier ones first, at most `Backfill.largest`.
  /// - Throws: `Refusal` for a span that has not passed or has too many times, and as for a job: then nothing
  ///   is made.
  func backfill(_ name: String, _ range: BackfillRange) async throws -> Backfill
  /// Returns the schedules whose names come after one, by name.
  func schedules(after name: String, atMost count: Int) async -> [ScheduleStanding]
  /// Returns a schedule.
  /// - Throws: `Refusal` if there is none of that name.
  func schedule(named name: String) async throws -> ScheduleStanding
  /// Returns the next times of a schedule.
  /// - Throws: `Refusal` if there is none of that name.
  func preview(_ name: String, count: Int) async throws -> [PlannedTime]
  /// Returns how many nominal times had each fate: of the last times of each schedule as many as attempts are
  /// counted of each kind of job. Only of schedules whose jobs have a handler, if it is given.
  func fates(handler: String?) async throws -> [Fate: Int]
  /// Returns the record of nominal times.
  var scheduleRecord: any ScheduleReader { get }
}

/// A schedule as it stands now.
package struct ScheduleStanding: Sendable, Equatable {
  package var schedule: Schedule
  /// When it is due next; nil if never again.
  package var next: PlannedTime?
  /// Its jobs that have not ended.
  package var unfinished: [JobID]

  package init(schedule: Schedule, next: PlannedTime?, unfinished: [JobID]) {
    self.schedule = schedule
    self.next = next
    self.unfinished = unfinished
  }
}

/// A span of nominal times: after `from` or at it, before `to` or at it, by the clock of the schedule's zone.
package struct BackfillRange: Sendable, Hashable {
  package var from: WrittenTime
  package var to: WrittenTime

  package init(from: WrittenTime, to: WrittenTime) {
    self.from = from
    self.to = to
  }
}

/// What came of a backfill.
package struct Backfill: Sendable, Equatable {
  /// The rows that were written, with their jobs.
  package var ticks: [Tick]
  /// How many times of the span had a job already.
  package var existing: Int

  /// The most times that one backfill makes jobs of.
  package static let largest = 1000

  package init(ticks: [Tick], existing: Int) {
    self.ticks = ticks
    self.existing = existing
  }
}
