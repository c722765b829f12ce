/// A night in which the clocks of a zone change, and what a runner must have on record of it.
struct DaylightNight: Sendable, CustomStringConvertible {
  let zone: String
  /// When the runner starts and when the walk ends, in UTC.
  let from: String
  let through: String
  /// Rows of `*/20 * * * *`, whatever the rule for daylight saving says.
  let star: [String]
  /// Rows of `every: 25m`.
  let every: [String]
  /// Expressions for a fixed time, with the rows that they have under each rule.
  let fixed: [String: Rows]

  /// Rows by what the rule says: `dst_gap` and `dst_repeat`.
  struct Rows: Sendable {
    let runOnce: [String]
    let runBoth: [String]
    let skipOnce: [String]
    let skipBoth: [String]

    /// A night without a change for this expression.
    static func alike(_ rows: String...) -> Rows {
      Rows(runOnce: rows, runBoth: rows, skipOnce: rows, skipBoth: rows)
    }

    /// A time that the clock skips.
    static func gap(run: String, skip: String) -> Rows {
      Rows(runOnce: [run], runBoth: [run], skipOnce: [skip], skipBoth: [skip])
    }

    /// A time that the clock shows twice.
    static func twice(once: [String], both: [String]) -> Rows {
      Rows(runOnce: once, runBoth: both, skipOnce: once, skipBoth: both)
    }
  }

  var description: String { "\(zone) \(from.prefix(10))" }
}

extension DaylightNight {
  /// Both nights of 2026 of four zones, written by hand after the announcements of their changes.
  static let all = [
    berlinSpring, berlinAutumn, newYorkSpring, newYorkAutumn, lordHoweSpring, lordHoweAutumn,
    casablancaFast, casablancaAfterFast,
  ]

  /// 02:00+01:00 is 03:00+02:00.
  private static let berlinSpring = DaylightNight(
    zone: "Europe/Berlin", from: "2026-03-29T00:30:00Z", through: "2026-03-29T02:30:00Z",
    star: [
      "2026-03-29T01:40:00+01:00 ran", "2026-03-29T03:00:00+02:00 ran", "2026-03-29T03:20:00+02:00 ran",
      "2026-03-29T03:40:00+02:00 ran", "2026-03-29T04:00:00+02:00 ran", "2026-03-29T04:20:00+02:00 ran",
    ],
    every: [
      "2026-03-29T01:55:00+01:00 ran", "2026-03-29T03:20:00+02:00 ran", "2026-03-29T03:45:00+02:00 ran",
      "2026-03-29T04:10:00+02:00 ran",
    ],
    fixed: [
      "30 2 * * *": .gap(
        run: "2026-03-29T03:00:00+02:00 ran", skip: "2026-03-29T03:00:00+02:00 skipped-gap"),
      "45 1 * * *": .alike("2026-03-29T01:45:00+01:00 ran"),
    ])

  /// 03:00+02:00 is 02:00+01:00.
  private static let berlinAutumn = DaylightNight(
    zone: "Europe/Berlin", from: "2026-10-24T23:50:00Z", through: "2026-10-25T02:10:00Z",
    star: [
      "2026-10-25T02:00:00+02:00 ran", "2026-10-25T02:20:00+02:00 ran", "2026-10-25T02:40:00+02:00 ran",
      "2026-10-25T02:00:00+01:00 ran", "2026-10-25T02:20:00+01:00 ran", "2026-10-25T02:40:00+01:00 ran",
      "2026-10-25T03:00:00+01:00 ran",
    ],
    every: [
      "2026-10-25T02:15:00+02:00 ran", "2026-10-25T02:40:00+02:00 ran", "2026-10-25T02:05:00+01:00 ran",
      "2026-10-25T02:30:00+01:00 ran", "2026-10-25T02:55:00+01:00 ran",
    ],
    fixed: [
      "30 2 * * *": .twice(
        once: ["2026-10-25T02:30:00+02:00 ran", "2026-10-25T02:30:00+01:00 doubled-hour"],
        both: ["2026-10-25T02:30:00+02:00 ran", "2026-10-25T02:30:00+01:00 ran"])
    ])

  /// 02:00-05:00 is 03:00-04:00.
  private static let newYorkSpring = DaylightNight(
    zone: "America/New_York", from: "2026-03-08T06:50:00Z", through: "2026-03-08T08:10:00Z",
    star: [
      "2026-03-08T03:00:00-04:00 ran", "2026-03-08T03:20:00-04:00 ran", "2026-03-08T03:40:00-04:00 ran",
      "2026-03-08T04:00:00-04:00 ran",
    ],
    every: [
      "2026-03-08T03:15:00-04:00 ran", "2026-03-08T03:40:00-04:00 ran", "2026-03-08T04:05:00-04:00 ran",
    ],
    fixed: [
      "30 2 * * *": .gap(
        run: "2026-03-08T03:00:00-04:00 ran", skip: "2026-03-08T03:00:00-04:00 skipped-gap")
    ])

  /// 02:00-04:00 is 01:00-05:00: half past two comes once.
  private static let newYorkAutumn = DaylightNight(
    zone: "America/New_York", from: "2026-11-01T05:10:00Z", through: "2026-11-01T07:35:00Z",
    star: [
      "2026-11-01T01:20:00-04:00 ran", "2026-11-01T01:40:00-04:00 ran", "2026-11-01T01:00:00-05:00 ran",
      "2026-11-01T01:20:00-05:00 ran", "2026-11-01T01:40:00-05:00 ran", "2026-11-01T02:00:00-05:00 ran",
      "2026-11-01T02:20:00-05:00 ran",
    ],
    every: [
      "2026-11-01T01:35:00-04:00 ran", "2026-11-01T01:00:00-05:00 ran", "2026-11-01T01:25:00-05:00 ran",
      "2026-11-01T01:50:00-05:00 ran", "2026-11-01T02:15:00-05:00 ran",
    ],
    fixed: [
      "30 2 * * *": .alike("2026-11-01T02:30:00-05:00 ran"),
      "30 1 * * *": .twice(
        once: ["2026-11-01T01:30:00-04:00 ran", "2026-11-01T01:30:00-05:00 doubled-hour"],
        both: ["2026-11-01T01:30:00-04:00 ran", "2026-11-01T01:30:00-05:00 ran"]),
    ])

  /// 02:00+10:30 is 02:30+11:00, by half an hour: half past two is there.
  private static let lordHoweSpring = DaylightNight(
    zone: "Australia/Lord_Howe", from: "2026-10-03T15:20:00Z", through: "2026-10-03T16:38:00Z",
    star: [
      "2026-10-04T02:40:00+11:00 ran", "2026-10-04T03:00:00+11:00 ran", "2026-10-04T03:20:00+11:00 ran",
    ],
    every: [
      "2026-10-04T02:45:00+11:00 ran", "2026-10-04T03:10:00+11:00 ran", "2026-10-04T03:35:00+11:00 ran",
    ],
    fixed: [
      "30 2 * * *": .alike("2026-10-04T02:30:00+11:00 ran"),
      "15 2 * * *": .gap(
        run: "2026-10-04T02:30:00+11:00 ran", skip: "2026-10-04T02:30:00+11:00 skipped-gap"),
    ])

  /// 02:00+11:00 is 01:30+10:30.
  private static let lordHoweAutumn = DaylightNight(
    zone: "Australia/Lord_Howe", from: "2026-04-04T14:10:00Z", through: "2026-04-04T16:05:00Z",
    star: [
      "2026-04-05T01:20:00+11:00 ran", "2026-04-05T01:40:00+11:00 ran", "2026-04-05T01:40:00+10:30 ran",
      "2026-04-05T02:00:00+10:30 ran", "2026-04-05T02:20:00+10:30 ran",
    ],
    every: [
      "2026-04-05T01:35:00+11:00 ran", "2026-04-05T01:30:00+10:30 ran", "2026-04-05T01:55:00+10:30 ran",
      "2026-04-05T02:20:00+10:30 ran",
    ],
    fixed: [
      "30 2 * * *": .alike("2026-04-05T02:30:00+10:30 ran"),
      "45 1 * * *": .twice(
        once: ["2026-04-05T01:45:00+11:00 ran", "2026-04-05T01:45:00+10:30 doubled-hour"],
        both: ["2026-04-05T01:45:00+11:00 ran", "2026-04-05T01:45:00+10:30 ran"]),
    ])

  /// 03:00+01:00 is 02:00+00:00, for the month of fasting.
  private static let casablancaFast = DaylightNight(
    zone: "Africa/Casablanca", from: "2026-02-15T00:50:00Z", through: "2026-02-15T03:10:00Z",
    star: [
      "2026-02-15T02:00:00+01:00 ran", "2026-02-15T02:20:00+01:00 ran", "2026-02-15T02:40:00+01:00 ran",
      "2026-02-15T02:00:00+00:00 ran", "2026-02-15T02:20:00+00:00 ran", "2026-02-15T02:40:00+00:00 ran",
      "2026-02-15T03:00:00+00:00 ran",
    ],
    every: [
      "2026-02-15T02:15:00+01:00 ran", "2026-02-15T02:40:00+01:00 ran", "2026-02-15T02:05:00+00:00 ran",
      "2026-02-15T02:30:00+00:00 ran", "2026-02-15T02:55:00+00:00 ran",
    ],
    fixed: [
      "30 2 * * *": .twice(
        once: ["2026-02-15T02:30:00+01:00 ran", "2026-02-15T02:30:00+00:00 doubled-hour"],
        both: ["2026-02-15T02:30:00+01:00 ran", "2026-02-15T02:30:00+00:00 ran"])
    ])

  /// 02:00+00:00 is 03:00+01:00.
  private static let casablancaAfterFast = DaylightNight(
    zone: "Africa/Casablanca", from: "2026-03-22T01:50:00Z", through: "2026-03-22T03:10:00Z",
    star: [
      "2026-03-22T03:00:00+01:00 ran", "2026-03-22T03:20:00+01:00 ran", "2026-03-22T03:40:00+01:00 ran",
      "2026-03-22T04:00:00+01:00 ran",
    ],
    every: [
      "2026-03-22T03:15:00+01:00 ran", "2026-03-22T03:40:00+01:00 ran", "2026-03-22T04:05:00+01:00 ran",
    ],
    fixed: [
      "30 2 * * *": .gap(
        run: "2026-03-22T03:00:00+01:00 ran", skip: "2026-03-22T03:00:00+01:00 skipped-gap")
    ])
}
