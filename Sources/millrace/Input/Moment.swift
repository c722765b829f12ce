import Glibc
import MillraceCore
import MillraceWire

/// Points in time as people write and read them; a time without a zone is local.
enum Moment {
  /// The wall clock.
  static var now: Timestamp {
    var time = timespec()
    clock_gettime(CLOCK_REALTIME, &time)
    return Timestamp(microseconds: Int64(time.tv_sec) * 1_000_000 + Int64(time.tv_nsec) / 1000)
  }

  /// Reads a time that is usually past: `2h` (ago), `2026-08-01`, `2026-08-01 14:30`, RFC 3339.
  static func past(_ text: String) throws -> Timestamp {
    if let span = Duration(text: text) { return now - span }
    return try absolute(text, relative: "2h")
  }

  /// Reads a time to come: `+10m`, `2026-08-01 14:30`, RFC 3339.
  static func future(_ text: String) throws -> Timestamp {
    if text.hasPrefix("+"), let span = Duration(text: String(text.dropFirst())) { return now + span }
    return try absolute(text, relative: "+10m")
  }

  /// Returns RFC 3339 text as local time for people: `2026-11-21 04:20:07`; the text itself if it is none.
  static func local(_ text: String) -> String {
    guard let time = Wire.time(from: text) else { return text }
    var seconds = time_t(time.milliseconds / 1000)
    var parts = tm()
    localtime_r(&seconds, &parts)
    let buffer = [CChar](unsafeUninitializedCapacity: 64) { buffer, count in
      count = strftime(buffer.baseAddress, buffer.count, "%Y-%m-%d %H:%M:%S", &parts)
    }
    return String(decoding: buffer.map { UInt8(bitPattern: $0) }, as: UTF8.self)
  }

  private static func absolute(_ text: String, relative: String) throws -> Timestamp {
    switch WrittenTime(text: text) {
    case .instant(let time): return time
    case .local(let time): return instant(of: time)
    case nil: throw ArgumentProblem("it is no time; write \(relative), \(WrittenTime.forms)")
    }
  }

  /// Returns the point in time at which the clock of this machine shows a time.
  private static func instant(of local: CivilTime) -> Timestamp {
    let date = local.date
    var parts = tm()
    (parts.tm_year, parts.tm_mon, parts.tm_mday) = (
      Int32(date.year) - 1900, Int32(date.month) - 1, Int32(date.day)
    )
    (parts.tm_hour, parts.tm_min, parts.tm_sec) = (
      Int32(local.hour), Int32(local.minute), Int32(local.second)
    )
    parts.tm_isdst = -1
    return Timestamp(microseconds: Int64(mktime(&parts)) * 1_000_000)
  }
}
