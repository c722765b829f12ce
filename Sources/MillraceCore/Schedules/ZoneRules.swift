/// What local time was and will be in a time zone: when its offset from UTC changes, from the earliest known
/// change to the end of the calendar.
package struct ZoneRules: Sendable, Equatable {
  /// The points in time at which another offset begins, in seconds since 1970 UTC; ascending.
  private let changes: [Int64]
  /// The offset from each change on, in seconds east of UTC.
  private let offsets: [Int32]
  /// The offset before the first change.
  private let firstOffset: Int64
  /// How it goes on behind the last change; nil if nothing changes any more.
  private let rule: YearlyRule?

  init(changes: [Int64], offsets: [Int32], firstOffset: Int64, rule: YearlyRule?) {
    precondition(changes.count == offsets.count)
    (self.changes, self.offsets, self.firstOffset, self.rule) = (changes, offsets, firstOffset, rule)
  }

  /// Coordinated Universal Time.
  package static let utc = ZoneRules(changes: [], offsets: [], firstOffset: 0, rule: nil)

  /// Reads the contents of a file of `/usr/share/zoneinfo` (TZif 1 to 4,
  /// [RFC 9636](https://www.rfc-editor.org/rfc/rfc9636)).
  ///
  /// - Throws: `ZoneFault` for what is no such file, or a malformed one.
  package init(bytes: [UInt8]) throws(ZoneFault) {
    var reader = TZifReader(bytes)
    self = try reader.read()
  }

  /// Reads what the variable `TZ` may say instead of a name: `EET-2EEST,M3.5.0/3,M10.5.0/4`.
  ///
  /// - Returns: nil if the text is no such rule.
  package init?(posix text: String) {
    guard let rule = YearlyRuleReader.rule(text) else { return nil }
    self.init(changes: [], offsets: [], firstOffset: rule.standardOffset, rule: rule)
  }

  /// Returns the offset from UTC at a point in time.
  ///
  /// - Parameter time: any time.
  /// - Returns: seconds east of UTC.
  package func offset(at time: Timestamp) -> Int {
    Int(period(at: time.rawValue.flooredDivision(by: 1_000_000).quotient).offset)
  }

  /// Returns what the calendar and the clock show at a point in time; nil outside of the years 0 to 9999.
  package func local(_ time: Timestamp) -> CivilTime? {
    CivilTime(seconds: time.rawValue.flooredDivision(by: 1_000_000).quotient + Int64(offset(at: time)))
  }

  /// Returns the span with one offset that a point in time lies in, in seconds since 1970 UTC.
  func period(at instant: Int64) -> ZonePeriod {
    let count = changesUpTo(instant)
    if count == changes.count, let rule {
      var period = rule.period(at: instant)
      if let last = changes.last { period.start = max(period.start, last) }
      return period
    }
    return ZonePeriod(
      start: count == 0 ? .min : changes[count - 1],
      end: count == changes.count ? .max : changes[count],
      offset: count == 0 ? firstOffset : Int64(offsets[count - 1]))
  }

  private func changesUpTo(_ instant: Int64) -> Int {
    var (low, high) = (0, changes.count)
    while low < high {
      let middle = (low + high) / 2
      if changes[middle] <= instant { low = middle + 1 } else { high = middle }
    }
    return low
  }
}

/// A span of time in which a zone has one offset.
struct ZonePeriod: Sendable, Equatable {
  /// When it begins, in seconds since 1970 UTC; the least number if it always was.
  var start: Int64
  /// When the next begins; the greatest number if none does.
  var end: Int64
  /// Seconds east of UTC.
  var offset: Int64

  /// Whether a point in time lies in it.
  func contains(_ instant: Int64) -> Bool { start <= instant && instant < end }
}

extension ZoneRules {
  /// What a local time means.
  package enum Meaning: Sendable, Equatable {
    case once(Timestamp)
    /// The clock was set forward over it.
    case skipped(endOfGap: Timestamp)
    /// The clock was set back over it.
    case twice(first: Timestamp, second: Timestamp)
  }

  /// Returns when the calendar and the clock show a time.
  package func meaning(of local: CivilTime) -> Meaning {
    func time(_ seconds: Int64) -> Timestamp { Timestamp(microseconds: seconds.scaled(by: 1_000_000)) }
    // No offset is more than 26 hours.
    let (earliest, latest) = (local.seconds - 100_000, local.seconds + 100_000)
    var (found, endOfGap): ([Int64], Int64) = ([], latest)
    var period = period(at: earliest)
    while true {
      let instant = local.seconds - period.offset
      if period.contains(instant) { found.append(instant) }
      guard period.end <= latest else { break }
      let next = self.period(at: period.end)
      let gap = period.end + period.offset..<max(period.end + period.offset, period.end + next.offset)
      if gap.contains(local.seconds) { endOfGap = period.end }
      period = next
    }
    if found.count > 1 { return .twice(first: time(found[0]), second: time(found[1])) }
    return found.first.map { .once(time($0)) } ?? .skipped(endOfGap: time(endOfGap))
  }
}

/// Why bytes are no rules of a time zone.
package enum ZoneFault: Error, Sendable, Equatable, CustomStringConvertible {
  /// They do not begin as such files do.
  case notTZif
  /// They end before what they announce.
  case truncated
  /// A rule of the format is broken.
  case malformed(String)
  /// The zones in `right/` count leap seconds, which the machine's clock does not.
  case leapSeconds

  package var description: String {
    switch self {
    case .notTZif: "it is no file of a time zone (TZif)"
    case .truncated: "the file is cut off"
    case .malformed(let what): "the file is malformed: \(what)"
    case .leapSeconds: "it counts leap seconds, which this machine's clock does not"
    }
  }
}
