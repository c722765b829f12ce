import MillraceCore
import Testing

@Suite("The rules of a time zone")
struct ZoneRulesTests {
  /// Returns the offset at a time, as ISO 8601 has it.
  private static func offset(_ zone: ZoneRules, _ time: String) throws -> String {
    CivilTime.text(ofOffset: zone.offset(at: try #require(TestTime.time(time))))
  }

  @Test(
    "give the offset of any time: before the first change, between changes, by the rule for the future",
    arguments: [
      ("Europe/Riga", "1700-01-01T00:00:00+00:00", "+01:36:34"),
      ("Europe/Riga", "2021-03-28T00:59:59+00:00", "+02:00"),
      ("Europe/Riga", "2021-03-28T01:00:00+00:00", "+03:00"),
      ("Europe/Riga", "3021-07-01T00:00:00+00:00", "+03:00"),
      ("Europe/Riga", "3021-12-01T00:00:00+00:00", "+02:00"),
      ("Europe/Dublin", "2021-01-01T00:00:00+00:00", "+00:00"),
      ("Europe/Dublin", "2050-07-01T00:00:00+00:00", "+01:00"),
      ("Australia/Lord_Howe", "2100-01-01T00:00:00+00:00", "+11:00"),
      ("Australia/Lord_Howe", "2100-07-01T00:00:00+00:00", "+10:30"),
      ("America/Nuuk", "2030-03-30T23:59:59-02:00", "-01:00"),
      ("America/Nuuk", "2050-07-01T00:00:00+00:00", "-01:00"),
      ("Asia/Kolkata", "2050-07-01T00:00:00+00:00", "+05:30"),
      ("Etc/GMT+5", "2050-07-01T00:00:00+00:00", "-05:00"),
      ("UTC", "2050-07-01T00:00:00+00:00", "+00:00"),
    ])
  func offsets(name: String, time: String, offset: String) throws {
    #expect(try Self.offset(try TestZones.rules(name), time) == offset)
  }

  @Test(
    "can be told in one line",
    arguments: [
      ("EET-2EEST,M3.5.0/3,M10.5.0/4", "2021-07-01T00:00:00+00:00", "+03:00"),
      ("EST5EDT", "2021-07-01T00:00:00+00:00", "-04:00"),
      ("EST5EDT", "2021-03-14T06:59:59+00:00", "-05:00"),
      ("EST5EDT", "2021-03-14T07:00:00+00:00", "-04:00"),
      ("<+0330>-3:30", "2021-07-01T00:00:00+00:00", "+03:30"),
      ("IST-1GMT0,M10.5.0,M3.5.0/1", "2021-12-01T00:00:00+00:00", "+00:00"),
      ("IST-1GMT0,M10.5.0,M3.5.0/1", "2021-07-01T00:00:00+00:00", "+01:00"),
      // Daylight saving all year: it ends as it begins.
      ("XXX3EDT4,0/0,J365/23", "2021-01-01T02:59:59+00:00", "-04:00"),
      ("XXX3EDT4,0/0,J365/23", "2021-01-01T03:00:00+00:00", "-04:00"),
      ("XXX3EDT4,0/0,J365/23", "2021-07-01T00:00:00+00:00", "-04:00"),
      // J60 is 1 March also in a leap year; 59 is 29 February then.
      ("AAA0BBB,J60/0,J70/0", "2020-02-29T23:59:59+00:00", "+00:00"),
      ("AAA0BBB,J60/0,J70/0", "2020-03-01T00:00:00+00:00", "+01:00"),
      ("AAA0BBB,59/0,80/0", "2020-02-29T00:00:00+00:00", "+01:00"),
      ("<-02>2<-01>,M3.5.0/-1,M10.5.0/0", "2050-03-27T00:59:59+00:00", "-02:00"),
      ("<-02>2<-01>,M3.5.0/-1,M10.5.0/0", "2050-03-27T01:00:00+00:00", "-01:00"),
    ])
  func lines(line: String, time: String, offset: String) throws {
    #expect(try Self.offset(try #require(ZoneRules(posix: line)), time) == offset)
  }

  @Test(
    "are not made of a line that is none",
    arguments: [
      "", "E", "EET", "EET-", "EET-25", "2EET", "EET-2EEST,", "EET-2EEST,M3.5.0", "EET-2EEST,M13.5.0,M10.5.0",
      "EET-2EEST,M3.6.0,M10.5.0", "EET-2EEST,M3.5.7,M10.5.0", "EET-2EEST,M3.5.0/168,M10.5.0", "EET-2:60",
      "EET-2EEST,J0,J365", "EET-2EEST,366,1", "EET-2EEST,M3.5.0,M10.5.0 ", "<EET-2", "<+02>2x", "EET-٢",
      "EET-2EEST,M3.5.0,M10.5.0,M1.1.1", "EET-99999999999999999999",
    ])
  func noLines(line: String) { #expect(ZoneRules(posix: line) == nil) }

  @Test("say what a local time means: once, twice or never")
  func meaning() throws {
    func meaning(_ zone: String, _ local: String) throws -> ZoneRules.Meaning {
      let time = try #require(TestTime.time(local + "+00:00"))
      return try TestZones.rules(zone).meaning(of: try #require(ZoneRules.utc.local(time)))
    }
    func time(_ text: String) throws -> Timestamp { try #require(TestTime.time(text)) }
    #expect(
      try meaning("Europe/Riga", "2021-03-28T02:59:59") == .once(time("2021-03-28T02:59:59+02:00")))
    #expect(
      try meaning("Europe/Riga", "2021-03-28T03:00:00")
        == .skipped(endOfGap: time("2021-03-28T04:00:00+03:00")))
    #expect(
      try meaning("Europe/Riga", "2021-10-31T03:30:00")
        == .twice(first: time("2021-10-31T03:30:00+03:00"), second: time("2021-10-31T03:30:00+02:00")))
    #expect(
      try meaning("Europe/Riga", "2921-10-26T03:30:00")
        == .twice(first: time("2921-10-26T03:30:00+03:00"), second: time("2921-10-26T03:30:00+02:00")))
    #expect(
      try meaning("Pacific/Apia", "2011-12-30T12:00:00")
        == .skipped(endOfGap: time("2011-12-31T00:00:00+14:00")))
  }

  private static let file = Result { try TestZones.bytes("Europe/Riga") }

  @Test("are read from each version of the format; the first has no rule for the future")
  func versions() throws {
    var bytes = try Self.file.get()
    let second = try #require(bytes.indices.dropFirst().first { bytes[$0...].starts(with: "TZif".utf8) })
    for version in "234".utf8 {
      (bytes[4], bytes[second + 4]) = (version, version)
      #expect(try Self.offset(try ZoneRules(bytes: bytes), "2099-07-01T00:00:00+00:00") == "+03:00")
    }
    bytes[4] = 0
    let first = try ZoneRules(bytes: Array(bytes.prefix(second)))
    // A file that is made slim has nothing in its first block.
    guard first != ZoneRules.utc else { return }
    #expect(try Self.offset(first, "2021-07-01T00:00:00+00:00") == "+03:00")
    #expect(try Self.offset(first, "2099-07-01T00:00:00+00:00") == "+02:00")
  }

  @Test("are not made of a file that ends early, wherever it does")
  func truncated() throws {
    let bytes = try Self.file.get()
    for count in 0..<bytes.count {
      #expect(throws: ZoneFault.self, "\(count) bytes") { try ZoneRules(bytes: Array(bytes.prefix(count))) }
    }
  }

  @Test("reserve nothing for counts that are lies")
  func hugeCounts() throws {
    let bytes = try Self.file.get()
    for place in 20..<44 {
      var broken = bytes
      broken[place] = 0xff
      #expect(throws: ZoneFault.self) { try ZoneRules(bytes: broken) }
    }
    let huge = Array("TZif2".utf8) + Array(repeating: 0, count: 15) + Array(repeating: 0xff, count: 24)
    #expect(throws: ZoneFault.truncated) { try ZoneRules(bytes: huge + huge) }
  }

  @Test("say what is wrong with a file")
  func faults() throws {
    let bytes = try Self.file.get()
    #expect(throws: ZoneFault.notTZif) { try ZoneRules(bytes: Array("root:x:0:0:".utf8)) }
    #expect(throws: ZoneFault.notTZif) { try ZoneRules(bytes: []) }
    #expect(throws: ZoneFault.leapSeconds) { try TestZones.rules("right/Europe/Riga") }
    var version = bytes
    version[4] = UInt8(ascii: "1")
    #expect(throws: ZoneFault.malformed("an unknown version")) { try ZoneRules(bytes: version) }
    #expect(throws: ZoneFault.malformed("its rule for the future")) {
      try ZoneRules(bytes: bytes.dropLast(3) + Array("x\n".utf8))
    }
  }

  @Test("made of a file with broken bytes are an error or rules, and never trap", arguments: 1...UInt64(4))
  func broken(seed: UInt64) throws {
    var random = SeededGenerator(seed: seed)
    let files = try ["Europe/Riga", "Africa/Casablanca", "Asia/Kolkata"].map(TestZones.bytes)
    let cron = try CronExpression("30 2 29 2 *")
    let times = [-62_000_000_000, 0, 1_617_000_000, 200_000_000_000].map {
      Timestamp(microseconds: $0 * 1_000_000)
    }
    for _ in 0..<250 {
      guard var bytes = files.randomElement(using: &random) else { return }
      for _ in 0..<Int.random(in: 1...6, using: &random) {
        bytes[Int.random(in: 0..<bytes.count, using: &random)] = UInt8.random(in: 0...255, using: &random)
      }
      do {
        let zone = try ZoneRules(bytes: bytes)
        for time in times {
          _ = try cron.next(after: time, in: zone)
          _ = zone.local(time).map { zone.meaning(of: $0) }
        }
      } catch is ZoneFault {}
    }
  }
}
