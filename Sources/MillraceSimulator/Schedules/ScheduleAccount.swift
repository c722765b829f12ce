import MillraceCore

/// What should have become of the nominal times of one schedule, and what did.
struct ScheduleAccount {
  /// A moment at which it was decided about a time, or may have been.
  private struct Chance {
    var steady: Int64
    /// Why there was no job; nil if there must be one.
    var obstacle: String?
    /// Whether the schedule had ended: then there is no row either.
    var isOver = false
    /// Whether a crash leaves open that it was now.
    var isDoubtful: Bool
  }

  /// What there is to know at a moment.
  private struct Moment {
    var steady: Int64
    var wall: Int64
    var presence: ScheduleHistory.Presence
    var isDoubtful: Bool
  }

  private let id: ScheduleID
  private let runs: [ScheduleHistory.Run]
  private let ticks: [Tick]
  private var chances: [Int64: [Chance]] = [:]
  /// Up to when the runner has looked, by the wall clock; nil before the first term.
  private var looked: Int64?
  /// Times that were put off, in order.
  private var postponed: [Int64] = []
  private var overlap = ScheduleDefinition.Overlap.allow

  init(of id: ScheduleID, runs: [ScheduleHistory.Run], ticks: [Tick]) {
    self.id = id
    self.runs = runs.sorted { ($0.made, $0.nominal) < ($1.made, $1.nominal) }
    self.ticks = ticks
  }

  /// Goes through the presences of a term.
  mutating func follow(
    _ term: ScheduleHistory.Term, _ walked: WalkedTimes,
    through presences: ArraySlice<ScheduleHistory.Presence>
  ) {
    overlap = term.definition.overlap
    postponed = []
    if let start = presences.first?.wall.lowerBound.second { looked = max(lastDecided ?? start, start) }
    for presence in presences {
      let (start, end) = (presence.wall.lowerBound.second, presence.wall.upperBound.second)
      let isShort = presence.isInterrupted && start == end
      decide(at: moment(start, presence, isDoubtful: isShort), term, walked)
      if isShort { continue }
      let sure = presence.isInterrupted ? end - 1 : end
      while let next = nextTime(walked, through: sure) {
        decide(at: moment(next, presence, isDoubtful: false), term, walked)
      }
      looked = max(looked ?? sure, sure)
      if presence.isInterrupted { decide(at: moment(end, presence, isDoubtful: true), term, walked) }
    }
  }

  /// The last nominal time about which it was decided; nil if there is none.
  private var lastDecided: Int64? {
    chances.filter { $0.value.contains { !$0.isDoubtful && !$0.isOver } }.keys.max()
  }

  private func moment(
    _ wall: Int64, _ presence: ScheduleHistory.Presence, isDoubtful: Bool
  ) -> Moment {
    Moment(
      steady: presence.steady.second + wall - presence.wall.lowerBound.second, wall: wall, presence: presence,
      isDoubtful: isDoubtful)
  }

  private func nextTime(_ walked: WalkedTimes, through end: Int64) -> Int64? {
    let next = [firstOwn(walked)?.second, postponed.first].compactMap(\.self).min()
    return next.flatMap { $0 <= end ? $0 : nil }
  }

  private func firstOwn(_ walked: WalkedTimes) -> WalkedTimes.Time? {
    guard let looked else { return nil }
    var (low, high) = (0, walked.times.count)
    while low < high {
      let middle = (low + high) / 2
      if walked.times[middle].second <= looked { low = middle + 1 } else { high = middle }
    }
    return low < walked.times.count ? walked.times[low] : nil
  }

  /// Notes what should become of all that is due at a moment.
  private mutating func decide(at moment: Moment, _ term: ScheduleHistory.Term, _ walked: WalkedTimes) {
    let before = (looked, postponed)
    var due: [WalkedTimes.Time] = []
    while let next = nextTime(walked, through: moment.wall) {
      let own = firstOwn(walked).flatMap { $0.second == next ? $0 : nil }
      if postponed.first == next { postponed.removeFirst() }
      looked = max(looked ?? next, next)
      let time = own ?? WalkedTimes.Time(second: next)
      due.append(time)
      guard !isOver(at: moment, time.second, term), !moment.presence.paused.contains(id), !time.isLeftOut,
        !walked.isAllowed(next), let target = walked.target(of: next), !postponed.contains(target)
      else { continue }
      postponed = (postponed + [target]).sorted()
    }
    let last = due.last { !$0.isLeftOut && walked.isAllowed($0.second) }
    for time in due {
      let isOver = isOver(at: moment, time.second, term)
      let obstacle = obstacle(
        to: time, at: moment, term.definition, isAllowed: walked.isAllowed(time.second), isLast: time == last)
      chances[time.second, default: []].append(
        Chance(
          steady: moment.steady, obstacle: isOver ? "the schedule has ended" : obstacle, isOver: isOver,
          isDoubtful: moment.isDoubtful))
    }
    if moment.isDoubtful { (looked, postponed) = before }
  }

  /// Whether the schedule had made all of its jobs before.
  private func isOver(at moment: Moment, _ second: Int64, _ term: ScheduleHistory.Term) -> Bool {
    guard let most = term.definition.maxRuns else { return false }
    return runs.count { isBefore($0, moment, second) } >= most
  }

  private func isBefore(_ run: ScheduleHistory.Run, _ moment: Moment, _ second: Int64) -> Bool {
    run.nominal.second != second
      && (run.made.second < moment.steady
        || run.made.second == moment.steady && run.nominal.second < second)
  }

  /// Returns why a time makes no job; nil if it does.
  private func obstacle(
    to time: WalkedTimes.Time, at moment: Moment, _ definition: ScheduleDefinition, isAllowed: Bool,
    isLast: Bool
  ) -> String? {
    if moment.presence.paused.contains(id) { return "it was paused" }
    if time.isLeftOut { return "the clock leaves it out" }
    if !isAllowed { return "a calendar forbids it" }
    let lateness = moment.wall - time.second
    if let window = definition.window, lateness > window.microseconds / 1_000_000 {
      return "its window was over"
    }
    if lateness > 10, definition.catchUp != .all {
      if !isLast { return "a later time was due" }
      if definition.catchUp == .none, time.second < moment.presence.upSince.second {
        return "the runner was down"
      }
    }
    if definition.overlap == .skip,
      runs.contains(where: { isBefore($0, moment, time.second) && $0.ended.second > moment.steady })
    {
      return "an earlier job had not ended"
    }
    return moment.presence.isRefusing ? "jobs were refused" : nil
  }

  /// Returns what did not happen as it should.
  func violations() -> [ScheduleViolation] {
    let seconds = Set(chances.keys).union(runs.map(\.nominal.second)).union(ticks.map(\.nominal.second))
    return seconds.sorted().flatMap { violations(at: $0) } + overlaps()
  }

  private func violations(at second: Int64) -> [ScheduleViolation] {
    let chances = chances[second] ?? []
    let runs = runs.filter { $0.nominal.second == second }
    let rows = ticks.filter { $0.nominal.second == second }
    var found: [ScheduleViolation] = []
    func note(_ kind: ScheduleViolation.Kind, _ reason: String) {
      found.append(.init(kind: kind, schedule: id, nominal: Timestamp(second: second), reason: reason))
    }
    if runs.count > 1 { note(.doubled, "\(runs.count) runs") }
    if let run = runs.first {
      let possible = chances.filter { $0.obstacle == nil }
      if chances.isEmpty {
        note(.extra, "it is no nominal time of the schedule, or none that was looked for")
      } else if possible.isEmpty {
        note(.extra, "there is a run, but \(chances.compactMap(\.obstacle).joined(separator: "; "))")
      } else if !possible.contains(where: { $0.steady == run.made.second }) {
        note(.untimely, "made \(run.made.second - possible[0].steady) s after it could have been")
      }
    } else if chances.contains(where: { !$0.isDoubtful }), chances.allSatisfy({ $0.obstacle == nil }) {
      note(.missing, "there is no run, and nothing speaks against it")
    }
    if rows.count > 1 { note(.untold, "\(rows.count) rows") }
    if rows.isEmpty, chances.contains(where: { !$0.isDoubtful }), chances.allSatisfy({ !$0.isOver }) {
      note(.untold, "it has no row")
    }
    if let row = rows.first {
      if chances.allSatisfy(\.isOver) { note(.untold, "a row of no nominal time") }
      if row.fate.hasJob != !runs.isEmpty { note(.untold, "its row says \(row.fate.rawValue)") }
    }
    return found
  }

  /// Returns where runs went on at once that must not.
  private func overlaps() -> [ScheduleViolation] {
    guard overlap != .allow else { return [] }
    return zip(runs, runs.dropFirst()).compactMap { one, next in
      guard next.began < one.ended else { return nil }
      return ScheduleViolation(
        kind: .overlapping, schedule: id, nominal: next.nominal,
        reason: "it began before the run of \(one.nominal.second) had ended")
    }
  }
}
