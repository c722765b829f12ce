import MillraceCore
import Testing

@Suite("The calendar")
struct CalendarTests {
  @Test("goes on day by day, back and forth, over leap years and centuries")
  func days() throws {
    var expected = try #require(CivilDate(year: 1890, month: 12, day: 31))
    var number = expected.daysSinceEpoch
    while expected.year < 2110 {
      number += 1
      let next =
        CivilDate(year: expected.year, month: expected.month, day: expected.day + 1)
        ?? CivilDate(year: expected.year, month: expected.month + 1, day: 1)
        ?? CivilDate(year: expected.year + 1, month: 1, day: 1)
      expected = try #require(next)
      try #require(CivilDate(daysSinceEpoch: number) == expected)
      try #require(expected.daysSinceEpoch == number)
    }
  }

  @Test(
    "has the known days",
    arguments: [
      (1970, 1, 1, 0, 4), (2000, 2, 29, 11_016, 2), (2021, 3, 28, 18_714, 0), (0, 3, 1, -719_468, 3),
      (-4, 2, 29, -720_930, 4), (9999, 12, 31, 2_932_896, 5),
    ] as [(Int64, Int, Int, Int64, Int)])
  func known(year: Int64, month: Int, day: Int, number: Int64, weekday: Int) throws {
    let date = try #require(CivilDate(year: year, month: month, day: day))
    #expect(date.daysSinceEpoch == number)
    #expect(date.weekday == weekday)
    #expect(CivilDate(daysSinceEpoch: number) == date)
  }

  @Test("has no other days, however far off")
  func noDays() {
    #expect(CivilDate(year: 2021, month: 2, day: 29) == nil)
    #expect(CivilDate(year: 1900, month: 2, day: 29) == nil)
    #expect(CivilDate(year: 2021, month: 0, day: 1) == nil)
    #expect(CivilDate(year: 2021, month: 13, day: 1) == nil)
    for number in [Int64.min, .min + 1, .max, 400_000_000, -400_000_000, 1 << 40] {
      #expect(CivilDate(daysSinceEpoch: number) == nil)
      #expect(CivilDate(year: number, month: 1, day: 1) == nil)
    }
    for second in [Int64.min, .max, CivilTime.first.seconds - 1, CivilTime.last.seconds + 1] {
      #expect(CivilTime(seconds: second) == nil)
    }
  }

  @Test("offsets are told as ISO 8601 does")
  func offsets() {
    #expect(
      [0, 7200, -16_200, 20_700, -2670].map(CivilTime.text(ofOffset:)) == [
        "+00:00", "+02:00", "-04:30", "+05:45", "-00:44:30",
      ])
  }
}
