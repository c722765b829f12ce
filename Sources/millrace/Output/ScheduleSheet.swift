import MillraceCore
import MillraceWire

/// A schedule on one page for people: what it is, what goes wrong, its next times and its last ones.
struct ScheduleSheet {
  private let detail: ScheduleDetail
  /// Whether it is not added yet: it has no figures.
  private let isPlan: Bool

  init(_ detail: ScheduleDetail, isPlan: Bool = false) {
    self.detail = detail
    self.isPlan = isPlan
  }

  /// Returns the page.
  func text(paint: Paint) -> String {
    var text = card.lines(paint: paint)
    for warning in detail.schedule.warnings ?? [] {
      text += "\n" + paint("warning: \(warning.printable)", .bad) + "\n"
    }
    if !detail.times.isEmpty {
      text +=
        "\n" + paint("next", .title) + "\n"
        + Table<PlannedTimeView>.plannedTimes.lines(detail.times, wide: false, paint: paint)
    }
    if !detail.ticks.isEmpty {
      text +=
        "\n" + paint("last", .title) + "\n"
        + Table<TickView>.ticks.lines(detail.ticks, wide: false, paint: paint)
    }
    return text
  }

  private var card: Card {
    let (schedule, tally) = (detail.schedule, detail.tally)
    var card = Card([.init("schedule", schedule.name), .init("when", schedule.when)])
    for name in ["timezone", "jitter", "until", "window", "catch_up", "overlap", "on_excluded_day"] {
      card.add(name.replacing("_", with: " "), schedule.member(name))
    }
    card.add("secret file", schedule.definition.object?["webhook"]?.object?["secret_file"]?.string)
    card.add("debounce", schedule.member("debounce"))
    for name in ["where", "batch", "max_runs", "exclude_calendars", "require_calendars"] {
      card.add(name.replacing("_", with: " "), schedule.definition.object?[name]?.text)
    }
    card.add("job", schedule.definition.object?["job"]?.text)
    if isPlan { return card }
    card.add("file", schedule.file)
    card.add("created", Figures.time(schedule.created))
    card.add("paused", schedule.paused.map { "since \(Figures.time($0))" }, .busy)
    card.add("runs", "\(schedule.runs)")
    card.add("succeeded", "\(tally.succeeded)")
    card.add("failed", "\(tally.failed)", tally.failed > 0 ? .bad : .plain)
    card.add(
      "took",
      tally.meanSeconds.map {
        "\(Figures.span($0)) on average, \(Figures.span(tally.p95Seconds)) at the 95th percentile"
      })
    card.add("fates", Self.words(tally.fates))
    return card
  }

  /// Counts in words, in the order of `Fate`: `12 ran, 1 missed-down`.
  static func words(_ counts: [String: Int]) -> String {
    Fate.allCases.compactMap { fate in counts[fate.rawValue].map { "\($0) \(fate.rawValue)" } }
      .joined(separator: ", ")
  }
}
