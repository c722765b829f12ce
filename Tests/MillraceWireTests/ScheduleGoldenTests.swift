import FoundationEssentials
import MillraceCore
import MillraceWire
import Testing
import TestSupport

/// What crosses the process boundary of schedules, byte for byte: these texts are a promise to other
/// programs.
struct ScheduleGoldenTests {
  private func check<Value: Codable & Equatable>(_ value: Value, _ text: String) throws {
    #expect(String(decoding: try Wire.encoder().encode(value), as: UTF8.self) == text)
    #expect(try Wire.decoder().decode(Value.self, from: Data(text.utf8)) == value)
  }

  private func schedule() throws -> Schedule {
    Schedule(
      id: ScheduleID(3), try Sample.definition("nightly", ["max_runs": .integer(9)]), created: Sample.time(0))
  }

  private static let definition =
    #"{"every":"1h","job":{"handler":"noop"},"max_runs":9,"name":"nightly"}"#

  private static let revision = "e0b3709ea41a6a74fcb20276ee38efa832114e2e0a24d35be259de999983d9de"

  private func planned(_ seconds: Int64) throws -> PlannedTime {
    PlannedTime(time: try #require(ZoneRules.utc.nominalTime(at: Sample.time(seconds))))
  }

  private func row(_ seconds: Int64, _ fate: Fate, job: Int64? = nil) -> TickRow {
    let tick = Tick(
      schedule: ScheduleID(3), nominal: Sample.time(seconds), local: "2026-01-01T02:00:00+02:00", fate: fate,
      decided: Sample.time(seconds + 1), job: job.map { JobID($0) }, note: job == nil ? "why" : nil)
    return TickRow(
      tick: tick, state: job == nil ? nil : .succeeded, duration: job == nil ? nil : .milliseconds(1500))
  }

  private static let planned =
    #"{"daylight_saving":null,"offset":"+00:00","time":"2026-01-01T01:00:00+00:00","#
    + #""utc":"2026-01-01T01:00:00.000Z"}"#

  private static let ran =
    #"{"decided":"2026-01-01T00:00:01.000Z","fate":"ran","job":7,"local":"2026-01-01T02:00:00+02:00","#
    + #""nominal":"2026-01-01T00:00:00.000Z","seconds":1.5,"state":"succeeded"}"#

  @Test("a schedule in the answer to a change: what is not known is left out")
  func plain() throws {
    try check(
      ScheduleView(try schedule()),
      #"{"created":"2026-01-01T00:00:00.000Z","definition":\#(Self.definition),"name":"nightly","#
        + #""revision":"\#(Self.revision)","runs":0}"#)
  }

  @Test("a schedule in a list, with everything")
  func full() throws {
    var schedule = try schedule()
    (schedule.file, schedule.paused, schedule.runs) = ("nightly.yaml", Sample.time(5), 4)
    let view = ScheduleView(
      schedule, next: try planned(3600), unfinished: [JobID(7)], rows: [row(0, .ran, job: 7)])
    try check(
      SchedulePage(schedules: [view], next: "nightly"),
      #"{"next":"nightly","schedules":[{"created":"2026-01-01T00:00:00.000Z","#
        + #""definition":\#(Self.definition),"file":"nightly.yaml","last":\#(Self.ran),"name":"nightly","#
        + #""next":\#(Self.planned),"paused":"2026-01-01T00:00:05.000Z","#
        + #""revision":"\#(Self.revision)","runs":4,"unfinished":[7],"#
        + #""warnings":[]}]}"#)
  }

  @Test("a schedule with figures, its times that were and those to come")
  func detail() throws {
    var tally = ScheduleTally()
    (tally.fates, tally.succeeded, tally.failed) = ([.ran: 4, .skippedOverlap: 3], 3, 1)
    (tally.meanDuration, tally.p95Duration) = (.seconds(420), .milliseconds(500_500))
    tally.last = Sample.time(0)
    let rows = [
      row(12, .skippedOverlap), row(9, .skippedOverlap), row(6, .ran, job: 7), row(3, .skippedOverlap),
      row(0, .ran, job: 6),
    ]
    let detail = ScheduleDetail(
      ScheduleView(try schedule(), rows: rows, tally: tally), tally, times: [try planned(3600)],
      rows: [row(0, .ran, job: 7)])
    try check(
      detail,
      #"{"schedule":{"created":"2026-01-01T00:00:00.000Z","definition":\#(Self.definition),"#
        + #""last":{"decided":"2026-01-01T00:00:13.000Z","fate":"skipped-overlap","#
        + #""local":"2026-01-01T02:00:00+02:00","nominal":"2026-01-01T00:00:12.000Z","note":"why"},"#
        + #""name":"nightly","revision":"\#(Self.revision)","runs":0,"#
        + #""warnings":["3 of the last 5 times were skipped: "#
        + #"a job takes longer than the times are apart (mean 7 min 0 s)"]},"#
        + #""tally":{"failed":1,"fates":{"ran":4,"skipped-overlap":3},"last":"2026-01-01T00:00:00.000Z","#
        + #""mean_seconds":420,"p95_seconds":500.5,"succeeded":3},"ticks":[\#(Self.ran)],"#
        + #""times":[\#(Self.planned)]}"#)
  }

  @Test("a time to come: what daylight saving and a calendar do to it")
  func plannedTimes() throws {
    let gap = try #require(CivilDate(year: 2026, month: 3, day: 29).flatMap { CivilTime($0, hour: 3) })
    var moved = PlannedTime(
      time: ZoneRules.utc.nominalTime(gap), fate: .skippedCalendar, note: "`holidays` has the day")
    try check(
      PlannedTimePage(times: [PlannedTimeView(moved)]),
      #"{"times":[{"daylight_saving":null,"fate":"skipped-calendar","note":"`holidays` has the day","#
        + #""offset":"+00:00","time":"2026-03-29T03:00:00+00:00","utc":"2026-03-29T03:00:00.000Z"}]}"#)
    moved.fate = nil
    moved.note = nil
    let view = PlannedTimeView(moved)
    #expect(view.fate == nil && view.note == nil && view == PlannedTimeView(moved.time))
  }

  @Test("times that were, a page and the last one; what was made")
  func ticks() throws {
    let filter = TickFilter(schedule: ScheduleID(3), limit: 1)
    try check(
      TickPage([row(0, .ran, job: 7)], of: filter),
      #"{"next":"2026-01-01T00:00:00.000000Z","ticks":[\#(Self.ran)]}"#)
    try check(TickPage([], of: filter), #"{"ticks":[]}"#)
    try check(BackfillView(ticks: [], existing: 2), #"{"existing":2,"ticks":[]}"#)
    try check(BackfillRequest(from: "2026-01-01", to: "x"), #"{"from":"2026-01-01","to":"x"}"#)
    try check(RunNowAnswer(job: JobID(7)), #"{"job":7}"#)
  }

  @Test("a filter of nominal times is the same after a round trip; what can't be is named")
  func filter() throws {
    var filter = TickFilter(schedule: ScheduleID(3), limit: 7)
    filter.fates = [.missedDown, .caughtUp]
    (filter.from, filter.before) = (Sample.time(0), Sample.time(1) + .microseconds(1))
    #expect(try TickFilter(schedule: ScheduleID(3), queryItems: filter.queryItems) == filter)
    for (name, value) in [
      ("fate", "run"), ("limit", "0"), ("limit", "10001"), ("from", "soon"), ("before", ""), ("job", "1"),
    ] {
      let refusal = #expect(throws: Refusal.self) {
        try TickFilter(schedule: ScheduleID(3), queryItems: [(name, value)])
      }
      #expect(refusal?.message.contains("`\(name)`") == true)
    }
  }
}
