import MillraceCore
import MillraceWire

extension PlannedTimeView {
  /// `Sun 2021-03-28 04:00:00`.
  fileprivate var shown: String {
    let days = ["Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"]
    let numbers = time.prefix(10).split(separator: "-").compactMap { Int($0) }
    guard numbers.count == 3,
      let date = CivilDate(year: Int64(numbers[0]), month: numbers[1], day: numbers[2])
    else { return time }
    return "\(days[date.weekday]) \(Figures.localTime(time))"
  }
}

extension Table where Row == PlannedTimeView {
  /// Times that no schedule is asked for, a line each.
  static var nominalTimes: Table {
    Table(
      [
        Column("TIME", "time", raw: { $0.time }) { $0.shown },
        Column("OFFSET", "offset") { $0.offset },
        Column("UTC", "utc") { $0.utc },
        Column("DAYLIGHT SAVING", "daylight_saving", tone: { _ in .busy }) { $0.daylightSaving?.note ?? "" },
      ], id: { $0.time })
  }

  /// Times of a schedule, a line each.
  static var plannedTimes: Table {
    Table(
      Table.nominalTimes.columns.prefix(3) + [
        Column("FATE", "fate", tone: { $0.fate?.tone ?? .plain }) { $0.fate?.rawValue ?? "" },
        Column("NOTE", "note", tone: { _ in .busy }) { $0.note ?? $0.daylightSaving?.note ?? "" },
      ], id: { $0.time })
  }
}
