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
    if let time = localTime(text) { return time }
    if text.contains("T"), let time = Wire.time(from: text) { return time }
    throw ArgumentProblem(
      "it is no time; write \(relative), 2026-08-01, `2026-08-01 14:30` or 2026-08-01T14:30:00Z")
  }

  /// Reads a local time; nil if it is none, or no date.
  private static func localTime(_ text: String) -> Timestamp? {
    guard let read = Self.parts(of: text) else { return nil }
    var parts = tm()
    (parts.tm_year, parts.tm_mon, parts.tm_mday) = (read[0] - 1900, read[1] - 1, read[2])
    (parts.tm_hour, parts.tm_min, parts.tm_sec) = (read[3], read[4], read[5])
    parts.tm_isdst = -1
    let seconds = mktime(&parts)
    // `mktime` turns 31 June into 1 July, and 25:00 into 1:00.
    guard parts.tm_mon == read[1] - 1, parts.tm_mday == read[2], read[4] < 60, read[5] < 60 else {
      return nil
    }
    return Timestamp(microseconds: Int64(seconds) * 1_000_000)
  }

  /// Reads `2026-08-01`, `2026-08-01 14:30`, `2026-08-01T14:30:15` as year, month, day, hour, minute, second.
  ///
  /// - Returns: nil if it is none of these; there may be no such day or time.
  static func parts(of text: String) -> [Int32]? {
    let halves = text.split(maxSplits: 1, omittingEmptySubsequences: false) { $0 == " " || $0 == "T" }
    guard let date = halves.first.flatMap({ numbers($0, between: "-", digits: [4, 2, 2]) }) else {
      return nil
    }
    guard halves.count == 2 else { return date + [0, 0, 0] }
    if let clock = numbers(halves[1], between: ":", digits: [2, 2, 2]) { return date + clock }
    return numbers(halves[1], between: ":", digits: [2, 2]).map { date + $0 + [0] }
  }

  private static func numbers(_ text: Substring, between mark: Character, digits: [Int]) -> [Int32]? {
    let words = text.split(separator: mark, omittingEmptySubsequences: false)
    guard words.map(\.utf8.count) == digits,
      words.allSatisfy({ $0.utf8.allSatisfy { (0x30...0x39).contains($0) } })
    else { return nil }
    return words.compactMap { Int32($0) }
  }
}
