import Testing

@testable import MillraceCore

@Suite("A calendar of days")
struct DayCalendarTests {
  private static let calendars: [DayCalendar] = [
    DayCalendar([]),
    DayCalendar([5...5, 3...4, 20_000...20_010, 20_005...20_020, 20_021...20_021]),
    DayCalendar([], weekdays: [0, 6]),
    DayCalendar([20_003...20_012], weekdays: [1], yearly: Set([yearDay(12, 25), yearDay(2, 29)])),
    DayCalendar([], yearly: [yearDay(2, 29)]),
    DayCalendar([], weekdays: [0, 1, 2, 3, 4, 5, 6]),
  ]

  private static func yearDay(_ month: Int, _ day: Int) -> DayCalendar.YearDay {
    guard let day = DayCalendar.YearDay(month: month, day: day) else { preconditionFailure("a day") }
    return day
  }

  @Test("finds the next of its days and the next of the others as a walk does", arguments: calendars.indices)
  func search(index: Int) {
    let calendar = Self.calendars[index]
    for day in [-40, 0, 3, 4, 6, 10_950, 19_999, 20_000, 20_003, 20_015, 20_030, 47_000] as [Int64] {
      let walk = day...day + 8 * 366
      let next = walk.first { calendar.contains($0) }
      let found = calendar.firstDay(notBefore: day)
      if let next {
        #expect(found == next, "from \(day)")
      } else {
        #expect(found.map { $0 > walk.upperBound } ?? true)
      }
      let other = walk.first { !calendar.contains($0) }
      #expect(calendar.firstOther(notBefore: day) == other ?? day + 4018, "from \(day)")
    }
  }

  @Test("has no year day that no year has")
  func yearDays() {
    #expect(DayCalendar.YearDay(month: 2, day: 30) == nil)
    #expect(DayCalendar.YearDay(month: 13, day: 1) == nil)
    #expect(DayCalendar.YearDay(month: 2, day: 29) != nil)
  }
}
