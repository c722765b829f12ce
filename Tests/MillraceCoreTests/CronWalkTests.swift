import MillraceCore
import Testing

/// A cron expression that was made up, with the numbers that it stands for.
private struct MadeExpression {
  private(set) var text = ""
  private var numbers: [Set<Int>] = []
  private var stars: [Bool] = []

  init(_ random: inout SeededGenerator) {
    let ranges = [0...59, 0...23, 1...31, 1...12, 0...7]
    for range in ranges {
      var (parts, set): ([String], Set<Int>) = ([], [])
      for _ in 0..<(random.oneIn(3) ? Int.random(in: 2...4, using: &random) : 1) {
        let part = Self.part(range, &random)
        parts.append(part.text)
        set.formUnion(part.numbers)
      }
      text += (text.isEmpty ? "" : " ") + parts.joined(separator: ",")
      stars.append(parts[0].hasPrefix("*"))
      numbers.append(set)
    }
    if numbers[4].contains(7) { numbers[4].insert(0) }
  }

  private static func part(
    _ range: ClosedRange<Int>, _ random: inout SeededGenerator
  ) -> (text: String, numbers: [Int]) {
    let step = Int.random(in: 1...range.count, using: &random)
    let (one, two) = (Int.random(in: range, using: &random), Int.random(in: range, using: &random))
    let (first, last) = (min(one, two), max(one, two))
    switch Int.random(in: 0..<10, using: &random) {
    case 0..<4: return ("*", Array(range))
    case 4..<6:
      return ("*/\(step)", Array(stride(from: range.lowerBound, through: range.upperBound, by: step)))
    case 6: return ("\(first)-\(last)/\(step)", Array(stride(from: first, through: last, by: step)))
    case 7: return ("\(first)-\(last)", Array(first...last))
    default: return ("\(one)", [one])
    }
  }

  var followsTheClock: Bool { stars[0] || stars[1] }

  /// Whether a minute since 1970-01-01 00:00 of the clock fits.
  func fits(_ minute: Int64) -> Bool {
    guard numbers[0].contains(Int(minute % 60)), numbers[1].contains(Int(minute / 60 % 24)),
      let date = CivilDate(daysSinceEpoch: minute / 1440), numbers[3].contains(date.month)
    else { return false }
    let (day, weekday) = (numbers[2].contains(date.day), numbers[4].contains(Int((minute / 1440 + 4) % 7)))
    return stars[2] || stars[4] ? day && weekday : day || weekday
  }
}

@Suite("Cron, minute by minute")
struct CronWalkTests {
  private static let daysWalked: Int64 = 2

  /// Returns the next time by walking through the minutes, with the clock that Vixie's cron has: it stands
  /// still while the one on the wall is behind it, and makes up for what that one skips.
  private static func walk(
    _ expression: MadeExpression, after start: Int64, in zone: ZoneRules, _ rule: DaylightRule
  ) -> Int64? {
    func shown(_ second: Int64) -> Int64 {
      (second + Int64(zone.offset(at: Timestamp(microseconds: second * 1_000_000)))) / 60
    }
    var second = start / 60 * 60 - 30 * 3600
    var made = shown(second)
    while second < start + daysWalked * 86_400 {
      second += 60
      let now = shown(second)
      let ahead = now - made
      var isDue = expression.fits(now)
      if expression.followsTheClock {
        made = now
      } else if (2...181).contains(ahead) {
        if rule.gap == .run { isDue = ((made + 1)...now).contains { expression.fits($0) } }
        made = now
      } else if (-179...0).contains(ahead) {
        isDue = isDue && rule.repeat == .both
      } else {
        made = now
      }
      if isDue, second > start { return second }
    }
    return nil
  }

  /// Returns a time between 1973 and 2120, half of them less than two days before a change of the clock.
  private static func start(_ zone: ZoneRules, _ random: inout SeededGenerator) -> Int64 {
    let time = Int64.random(in: 94_694_400...4_733_510_400, using: &random)
    guard random.oneIn(2) else { return time }
    func offset(_ second: Int64) -> Int { zone.offset(at: Timestamp(microseconds: second * 1_000_000)) }
    let days = (0..<400).map { time + $0 * 86_400 }
    guard let day = days.first(where: { offset($0) != offset($0 + 86_400) }) else { return time }
    return day + Int64.random(in: -86_400...86_400, using: &random)
  }

  @Test("the next time is the one that a walk through the minutes comes to", arguments: 1...UInt64(4))
  func walks(seed: UInt64) throws {
    var random = SeededGenerator(seed: seed)
    let zones = try TestZones.odd.map { ($0, try TestZones.rules($0)) }
    for _ in 0..<100 {
      let made = MadeExpression(&random)
      guard let (name, zone) = zones.randomElement(using: &random) else { return }
      let rule = DaylightRule(
        gap: random.oneIn(4) ? .skip : .run, repeat: random.oneIn(4) ? .both : .once)
      let start = Self.start(zone, &random)
      let next = try CronExpression(made.text).next(
        after: Timestamp(microseconds: start * 1_000_000), in: zone, rule)
      let second = next.map { $0.time.rawValue / 1_000_000 }
      if let walked = Self.walk(made, after: start, in: zone, rule) {
        #expect(second == walked, "`\(made.text)` in \(name) after \(start), \(rule)")
      } else {
        #expect(
          (second ?? .max) > start + Self.daysWalked * 86_400, "`\(made.text)` in \(name) after \(start)")
      }
    }
  }
}
