import MillraceCore
import TestSupport
import Testing

@Suite("Warnings of schedules")
struct ScheduleWarningTests {
  /// The last times of a schedule, the newest first.
  private static func rows(
    _ fates: [Fate], states: [JobState?] = [], note: String? = nil
  ) -> [TickRow] {
    fates.enumerated().map { place, fate in
      TickRow(
        tick: Tick(
          schedule: ScheduleID(1), nominal: Sample.time(Int64(-60 * place)), local: "", fate: fate,
          decided: Sample.time(0), job: nil, note: note),
        state: states.indices.contains(place) ? states[place] : nil, duration: nil)
    }
  }

  @Test(
    "come when three of the last five times went wrong in one way, and not before",
    arguments: [
      (Fate.skippedOverlap, "were skipped: a job takes longer than the times are apart"),
      (.late, "made their job late"), (.caughtUp, "made their job late"),
      (.missedDown, "were missed: the runner was down, or could not act"),
      (.skippedWindow, "were missed: the runner was down, or could not act"),
      (.failedToSubmit, "made no job: there is no handler `x`"),
    ])
  func habit(fate: Fate, words: String) {
    let note = fate == .failedToSubmit ? "there is no handler `x`" : nil
    let often = Self.rows([fate, .ran, fate, .ran, fate], note: note)
    #expect(ScheduleWarning.texts(for: often, ScheduleTally()) == ["3 of the last 5 times \(words)"])
    let seldom = Self.rows([fate, .ran, fate, .ran, .ran, fate], note: note)
    #expect(ScheduleWarning.texts(for: seldom, ScheduleTally()) == [], "the sixth is not looked at")
  }

  @Test("name the mean run time where jobs overlap")
  func mean() {
    var tally = ScheduleTally()
    tally.meanDuration = .seconds(90)
    let rows = Self.rows([.skippedOverlap, .skippedOverlap, .skippedOverlap])
    #expect(
      ScheduleWarning.texts(for: rows, tally) == [
        "3 of the last 3 times were skipped: a job takes longer than the times are apart (mean 1 min 30 s)"
      ])
  }

  @Test("tell jobs that starve: they wait, and the next time comes")
  func starvation() {
    let waiting = Self.rows(
      [.ran, .ran, .ran, .ran], states: [.queued, .blocked, .queued, .running])
    #expect(
      ScheduleWarning.texts(for: waiting, ScheduleTally()) == [
        "3 jobs of its last times have not started yet"
      ])
    let begun = Self.rows([.ran, .ran, .ran], states: [.running, .queued, .scheduled])
    #expect(ScheduleWarning.texts(for: begun, ScheduleTally()) == [])
  }

  @Test("are none for what was meant to be skipped")
  func meant() {
    for fate in [Fate.skippedCalendar, .skippedGap, .skippedPaused, .doubledHour, .manual] {
      #expect(ScheduleWarning.texts(for: Self.rows([fate, fate, fate]), ScheduleTally()) == [])
    }
  }
}
