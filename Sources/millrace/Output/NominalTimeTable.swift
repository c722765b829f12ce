import MillraceCore
import MillraceWire

/// A time that a schedule is due at, as it is printed.
struct NominalTimeRow: Encodable {
  /// What daylight saving did.
  struct Effect: Encodable {
    var effect: String
    /// The time that the clock skips; nil if there is none.
    var from: String?
    var note: String
  }

  var time: String
  var utc: String
  var offset: String
  var daylightSaving: Effect?
  private let local: CivilTime

  private enum CodingKeys: String, CodingKey { case time, utc, offset, daylightSaving }

  init(_ nominal: NominalTime) {
    time = nominal.text
    utc = Wire.text(of: nominal.time)
    offset = CivilTime.text(ofOffset: nominal.offset)
    daylightSaving = nominal.daylight.map {
      Effect(effect: $0.name, from: $0.skipped?.text, note: $0.text)
    }
    local = nominal.local
  }

  /// What is not known is left out elsewhere; here it is said that there is nothing to say.
  func encode(to encoder: any Encoder) throws {
    var container = encoder.container(keyedBy: CodingKeys.self)
    try container.encode(time, forKey: .time)
    try container.encode(utc, forKey: .utc)
    try container.encode(offset, forKey: .offset)
    try container.encode(daylightSaving, forKey: .daylightSaving)
  }

  /// `Sun 2021-03-28 04:00:00`.
  var shown: String {
    let days = ["Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"]
    return "\(days[local.date.weekday]) \(local.dayText) \(local.clockText)"
  }
}

extension Table where Row == NominalTimeRow {
  /// Times, a line each.
  static var nominalTimes: Table {
    Table(
      [
        Column("TIME", "time", raw: { $0.time }) { $0.shown },
        Column("OFFSET", "offset") { $0.offset },
        Column("UTC", "utc") { $0.utc },
        Column("DAYLIGHT SAVING", "daylight_saving", tone: { _ in .busy }) { $0.daylightSaving?.note ?? "" },
      ], id: { $0.time })
  }
}
