import MillraceCore

/// What a made-up runner has on its disk: it outlives crashes. Whatever is done to it is done at once.
struct ScheduleRecord {
  /// A job that a nominal time made.
  struct Job {
    var id: JobID
    var run: ScheduleHistory.Run
  }

  private(set) var schedules: [ScheduleID: Schedule] = [:]
  private(set) var ticks: [Tick] = []
  private(set) var jobs: [Job] = []
  private var claimed: Set<NominalKey> = []

  private struct NominalKey: Hashable {
    var schedule: ScheduleID
    var nominal: Timestamp
  }

  /// The schedules by number.
  var standing: [Schedule] { schedules.values.sorted { $0.id < $1.id } }

  mutating func keep(_ schedule: Schedule) { schedules[schedule.id] = schedule }

  /// Writes a row; returns whether there was none of its nominal time.
  mutating func write(_ tick: Tick) -> Bool {
    guard claimed.insert(NominalKey(schedule: tick.schedule, nominal: tick.nominal)).inserted else {
      return false
    }
    ticks.append(tick)
    return true
  }

  /// Makes a job, which begins when those that it waits for have ended.
  ///
  /// - Parameters:
  ///   - decision: what it is made for.
  ///   - now: by the clock that nobody sets, in seconds.
  ///   - wall: by the wall clock.
  ///   - seconds: how long it runs.
  /// - Returns: its number.
  mutating func makeJob(
    of decision: Timetable.Decision, at now: Int64, wall: Int64, lasting seconds: Int64
  ) -> JobID {
    for id in decision.cancels { end(id, at: now) }
    let id = JobID(Int64(jobs.count + 1))
    let nominal = decision.tick.nominal
    let start = nominal.second + decision.jitter.microseconds / 1_000_000
    let earlier = decision.after.compactMap { job($0)?.run.ended.second }
    let began = max(earlier.max() ?? now, now + max(0, start - wall))
    jobs.append(
      Job(
        id: id,
        run: .init(
          schedule: decision.tick.schedule, nominal: nominal, made: Timestamp(second: now),
          began: Timestamp(second: began), ended: Timestamp(second: began + seconds))))
    return id
  }

  private mutating func end(_ id: JobID, at now: Int64) {
    let place = Int(id.rawValue) - 1
    guard jobs[place].run.ended.second > now else { return }
    jobs[place].run.ended = Timestamp(second: now)
    jobs[place].run.began = min(jobs[place].run.began, jobs[place].run.ended)
  }

  func job(_ id: JobID) -> Job? {
    let place = Int(id.rawValue) - 1
    return jobs.indices.contains(place) ? jobs[place] : nil
  }
}
