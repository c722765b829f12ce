import MillraceCore

/// ISO 8601 with an offset, as the tables of the tests have it.
enum TestTime {
  /// Reads a time: `2021-03-28T04:00:00+03:00`.
  static func time(_ text: String) -> Timestamp? {
    let numbers = text.dropLast(6).split { "-T:".contains($0) }.compactMap { Int($0) }
    let zone = text.suffix(5).split(separator: ":").compactMap { Int64($0) }
    guard numbers.count == 6, zone.count == 2,
      let date = CivilDate(year: Int64(numbers[0]), month: numbers[1], day: numbers[2]),
      let local = CivilTime(date, hour: numbers[3], minute: numbers[4], second: numbers[5])
    else { return nil }
    let offset = (zone[0] * 60 + zone[1]) * (text.dropLast(5).hasSuffix("-") ? -60 : 60)
    return Timestamp(microseconds: (local.seconds - offset) * 1_000_000)
  }
}
