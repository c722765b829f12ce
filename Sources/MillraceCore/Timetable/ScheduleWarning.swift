/// What an operator should know of a schedule: that its times keep going wrong in one way.
package enum ScheduleWarning {
  /// How many of the last times are looked at, and how many of them are a habit.
  package static let span = 5
  private static let habit = 3

  /// Returns warnings for the last nominal times, the newest first, and figures of their schedule.
  package static func texts(for rows: [TickRow], _ tally: ScheduleTally) -> [String] {
    let last = rows.prefix(span)
    func count(_ fates: Fate...) -> Int { last.count { fates.contains($0.tick.fate) } }
    func share(_ number: Int) -> String { "\(number) of the last \(last.count) times" }
    let mean = tally.meanDuration.map { " (mean \($0.text))" } ?? ""
    var texts: [String] = []
    let skipped = count(.skippedOverlap)
    if skipped >= habit {
      texts.append("\(share(skipped)) were skipped: a job takes longer than the times are apart\(mean)")
    }
    let late = count(.late, .caughtUp)
    if late >= habit { texts.append("\(share(late)) made their job late") }
    let missed = count(.missedDown, .skippedWindow)
    if missed >= habit { texts.append("\(share(missed)) were missed: the runner was down, or could not act") }
    let refused = count(.failedToSubmit)
    if refused >= habit {
      let reason = last.first { $0.tick.fate == .failedToSubmit }?.tick.note
      texts.append("\(share(refused)) made no job: \(reason ?? "it was refused")")
    }
    let waiting = last.filter { $0.state == .queued || $0.state == .blocked }
    if waiting.count >= habit { texts.append("\(waiting.count) jobs of its last times have not started yet") }
    return texts
  }
}
