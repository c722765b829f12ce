import MillraceCore
import MillraceWire

/// A time that is told with its offset, or by the clock of a zone that is named elsewhere.
enum ZonedMoment: Equatable {
  case instant(Timestamp)
  case local(CivilTime)

  /// Reads `2026-08-01`, `2026-08-01 14:30`, `2026-08-01T14:30:15`, or RFC 3339.
  /// - Throws: `CommandError` (`usage`) that names the option.
  init(_ text: String, of option: String) throws {
    if let local = Self.local(text) {
      self = .local(local)
    } else if text.contains("T"), let time = Wire.time(from: text) {
      self = .instant(time)
    } else {
      throw CommandError(
        .usage, "\(option): `\(text)` is no time",
        hint: "write 2026-08-01, `2026-08-01 14:30` or 2026-08-01T14:30:00Z")
    }
  }

  /// Returns the point in time; what the clock skips is taken for the end of the gap, what it shows twice for
  /// the first time.
  func time(in zone: ZoneRules) -> Timestamp {
    switch self {
    case .instant(let time): time
    case .local(let local): zone.nominalTime(local).time
    }
  }

  private static func local(_ text: String) -> CivilTime? {
    guard let parts = Moment.parts(of: text),
      let date = CivilDate(year: Int64(parts[0]), month: Int(parts[1]), day: Int(parts[2]))
    else { return nil }
    return CivilTime(date, hour: Int(parts[3]), minute: Int(parts[4]), second: Int(parts[5]))
  }
}
