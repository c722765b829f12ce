import MillraceCore
import Testing

@Suite("A calendar in iCalendar")
struct ICalendarTests {
  @Test(
    "has the days that an event touches, by the clock of its own times",
    arguments: [
      ("DTSTART;VALUE=DATE:20261225", "2026-12-25"),
      ("DTSTART:20261225", "2026-12-25"),
      ("DTSTART;VALUE=DATE:20261224\nDTEND;VALUE=DATE:20261227", "2026-12-24 2026-12-25 2026-12-26"),
      ("DTSTART;VALUE=DATE:20261224\nDTEND;VALUE=DATE:20261224", "2026-12-24"),
      ("DTSTART;VALUE=DATE:20261224\nDURATION:P2D", "2026-12-24 2026-12-25"),
      ("DTSTART;VALUE=DATE:20261201\nDURATION:P1W", (1...7).map { "2026-12-0\($0)" }.joined(separator: " ")),
      ("DTSTART:20261224T180000\nDTEND:20261225T000000", "2026-12-24"),
      ("DTSTART:20261224T180000\nDTEND:20261225T000001", "2026-12-24 2026-12-25"),
      ("DTSTART:20261224T180000\nDURATION:PT6H", "2026-12-24"),
      ("DTSTART:20261224T180000\nDURATION:P1DT6H0M1S", "2026-12-24 2026-12-25 2026-12-26"),
      ("DTSTART:20261224T235960Z", "2026-12-24"),
      ("DTSTART;TZID=Pacific/Auckland:20261224T003000\nDURATION:PT1H", "2026-12-24"),
      // By its own clock, though it is the 25th in Auckland.
      ("DTSTART:20261224T233000Z", "2026-12-24"),
      ("DTSTART;TZID=\"Pacific/Auckland\":20261224T090000\nDTEND:20261223T230000Z", "2026-12-24"),
      ("DTSTART:20261224\nSTATUS:CANCELLED", ""),
      ("DTSTART:20261224\nSTATUS:CONFIRMED\nTRANSP:TRANSPARENT\nX-WR:a\nSUMMARY:RRULE:x", "2026-12-24"),
      ("BEGIN:VALARM\nDURATION:P9D\nTRIGGER:-PT1H\nEND:VALARM\nDTSTART:20261224", "2026-12-24"),
      ("DTSTART:19691231", ""), ("DTSTART:21010101", ""), ("DTSTART:00000101", ""), ("DTSTART:99991231", ""),
    ])
  func days(event: String, expected: String) throws {
    #expect(try ICalendarText.dates(event, in: 2026) == expected)
  }

  @Test(
    "has added days, and not those that are taken out",
    arguments: [
      ("DTSTART:20260101\nRDATE;VALUE=DATE:20260301,20260401", "2026-01-01 2026-03-01 2026-04-01"),
      ("DTSTART:20260101\nDURATION:P2D\nRDATE:20260301", "2026-01-01 2026-01-02 2026-03-01 2026-03-02"),
      ("DTSTART:20260101T120000\nRDATE;VALUE=DATE:20260301", "2026-01-01 2026-03-01"),
      (
        "DTSTART:20260101T120000Z\nRDATE;VALUE=PERIOD:20260301T230000Z/PT2H,"
          + "20260401T000000Z/20260402T000000Z",
        "2026-01-01 2026-03-01 2026-03-02 2026-04-01"
      ),
      (
        "DTSTART:20260101\nRRULE:FREQ=DAILY;COUNT=4\nEXDATE;VALUE=DATE:20260101,20260103",
        "2026-01-02 2026-01-04"
      ),
      ("DTSTART:20260101T090000\nRRULE:FREQ=DAILY;COUNT=2\nEXDATE:20260102T090000", "2026-01-01"),
      ("DTSTART:20260101T090000\nRRULE:FREQ=DAILY;COUNT=2\nEXDATE:20260102T100000", "2026-01-01 2026-01-02"),
      ("DTSTART:20260101T090000\nRRULE:FREQ=DAILY;COUNT=2\nEXDATE;VALUE=DATE:20260102", "2026-01-01"),
      ("DTSTART:20260101\nRRULE:FREQ=YEARLY\nRRULE:FREQ=DAILY;COUNT=2", "2026-01-01 2026-01-02"),
      // In Berlin it is 9 o'clock at 08:00 UTC, and 10 o'clock is another time.
      (
        "DTSTART;TZID=Europe/Berlin:20260101T090000\nRRULE:FREQ=DAILY;COUNT=3\nEXDATE:20260102T080000Z,"
          + "20260103T090000Z", "2026-01-01 2026-01-03"
      ),
      (
        "DTSTART;TZID=Europe/Berlin:20260101T003000\nRRULE:FREQ=DAILY;UNTIL=20260102T233000Z",
        "2026-01-01 2026-01-02 2026-01-03"
      ),
      (
        "DTSTART;TZID=Europe/Berlin:20260101T003000\nRRULE:FREQ=DAILY;UNTIL=20260102T232959Z",
        "2026-01-01 2026-01-02"
      ),
      ("DTSTART:20260101\nRRULE:FREQ=DAILY;UNTIL=20260102T000000Z", "2026-01-01 2026-01-02"),
      ("DTSTART:20251231T230000\nDURATION:PT2H\nRRULE:FREQ=YEARLY", "2026-01-01 2026-12-31"),
    ])
  func sets(event: String, expected: String) throws {
    #expect(try ICalendarText.dates(event, in: 2026) == expected)
  }

  @Test("starts with the days of 1970, also of an event that began before, and ends with 2100")
  func span() throws {
    let days = try ICalendarText.days("DTSTART:16010101\nDURATION:P800D\nRRULE:FREQ=YEARLY;INTERVAL=4")
    #expect(days.first == 0)  // 1969 is the 92nd time.
    #expect(try ICalendarText.days("DTSTART:16010101\nRRULE:FREQ=DAILY") == Array(0...47_846))
    #expect(try ICalendarText.days("DTSTART:00010101\nDTEND:99991231") == Array(0...47_846))
  }

  @Test("takes a changed time of an event in the place of the usual one, and leaves out a cancelled one")
  func overrides() throws {
    let text = """
      BEGIN:VCALENDAR
      BEGIN:VEVENT
      UID:a
      DTSTART;VALUE=DATE:20260101
      RRULE:FREQ=DAILY;COUNT=4
      END:VEVENT
      BEGIN:VEVENT
      UID:a
      RECURRENCE-ID;VALUE=DATE:20260102
      DTSTART;VALUE=DATE:20260201
      END:VEVENT
      BEGIN:VEVENT
      UID:a
      RECURRENCE-ID;VALUE=DATE:20260103
      STATUS:CANCELLED
      END:VEVENT
      BEGIN:VEVENT
      UID:b
      DTSTART;VALUE=DATE:20260103
      END:VEVENT
      END:VCALENDAR
      """
    #expect(
      try ICalendarText.dates(ofText: text, in: 2026) == "2026-01-01 2026-01-03 2026-01-04 2026-02-01")
  }

  @Test("is read with folded lines, empty lines, and any line ends and letters")
  func lines() throws {
    let text =
      "\u{FEFF}BEGIN:vcalendar\r\n\r\nBegin:VEVENT\nSUMMARY;X=\"a:b;c\",d:Weihnachten\r\n  und\n\t mehr\r\n"
      + "DTST\r\n ART;VAL\r\n UE=DATE:2026\r\n\t1225\r\nEND:VEVENT\r\nBEGIN:VTIMEZONE\r\nDTSTART:x\r\n"
      + "END:VTIMEZONE\r\nEND:VCALENDAR"
    #expect(try ICalendarText.dates(ofText: text, in: 2026) == "2026-12-25")
    // A fold between the two bytes of a letter.
    var bytes = Array("BEGIN:VCALENDAR\nSUMMARY:Ostern \u{E9}".utf8)
    bytes.insert(contentsOf: Array("\r\n ".utf8), at: bytes.count - 1)
    bytes += Array("\nEND:VCALENDAR\n".utf8)
    #expect(ICalendarText.mistakes(of: bytes) == [])
  }

  @Test("without events has no day")
  func empty() throws {
    #expect(try ICalendarText.calendar(ofText: "BEGIN:VCALENDAR\nEND:VCALENDAR\n") == DayCalendar([]))
  }
}
