import MillraceCore
import Testing

@Suite("Mistakes in iCalendar")
struct ICalendarMistakeTests {
  private static let times = "is no day like 20261225 and no time like 20261225T083000 or 20261225T083000Z"
  private static let spans = "is no length like P1D, PT1H30M or P2W (numbers up to 1000000, none below zero)"

  @Test(
    "in a property are told with their place",
    arguments: [
      ("SUMMARY:x", "2:1 the event has no `DTSTART`"),
      ("DTSTART:2026-12-25", "3:9 `2026-12-25` \(times)"),
      ("DTSTART:20260230", "3:9 `20260230` \(times)"),
      ("DTSTART:1000000101", "3:9 `1000000101` \(times)"),
      ("DTSTART:20260101T240000", "3:9 `20260101T240000` \(times)"),
      ("DTSTART:20260101T0800", "3:9 `20260101T0800` \(times)"),
      ("DTSTART:", "3:9 `` \(times)"),
      ("DTSTART;VALUE=DATE:20260101T080000", "3:15 `VALUE` is `DATE`, but `20260101T080000` is none"),
      ("DTSTART;VALUE=DATE-TIME:20260101", "3:15 `VALUE` is `DATE-TIME`, but `20260101` is none"),
      ("DTSTART:20260101\nDTSTART:20260101", "4:1 `DTSTART` is given twice"),
      ("DTSTART:20260102\nDTEND:20260101", "4:7 `DTEND` is before `DTSTART`"),
      (
        "DTSTART:20260102\nDTEND:20260103T000000",
        "4:7 `DTSTART` and `DTEND` must both be days or both be times"
      ),
      ("DTSTART:20260102\nDTEND:20260103\nDURATION:P1D", "4:1 an event has either `DTEND` or `DURATION`"),
      ("DTSTART:20260102\nDURATION:-P1D", "4:10 `-P1D` \(spans)"),
      ("DTSTART:20260102\nDURATION:P", "4:10 `P` \(spans)"),
      ("DTSTART:20260102\nDURATION:P1H", "4:10 `P1H` \(spans)"),
      ("DTSTART:20260102\nDURATION:P1D1D", "4:10 `P1D1D` \(spans)"),
      ("DTSTART:20260102\nDURATION:P99999999999999999999D", "4:10 `P99999999999999999999D` \(spans)"),
      ("DTSTART:20260102\nDURATION:PT1H", "4:10 an event of whole days lasts days or weeks"),
      ("DTSTART:20260102\nEXRULE:FREQ=DAILY", "4:1 `EXRULE` is not known here; name the days by `EXDATE`"),
      ("DTSTART:20260102\nEXDATE:20260103,x", "4:17 `x` \(times)"),
      ("DTSTART:20260102\nRDATE:20260103,\n 2026", "5:2 `2026` \(times)"),
      ("DTSTART:20260102T000000\nRDATE;VALUE=PERIOD:20260103T000000/P1X", "4:36 `P1X` \(spans)"),
      (
        "DTSTART:20260102\nRECURRENCE-ID;RANGE=THISANDFUTURE:20260102",
        "4:21 `RANGE` is not known here: each time that is changed must be an event"
      ),
      (
        "DTSTART;TZID=Nowhere/At:20260101T003000\nRRULE:FREQ=DAILY;UNTIL=20260102T232959Z",
        "4:24 this can't be compared with `DTSTART`: the machine has no time zone `Nowhere/At`; write both "
          + "in one zone"
      ),
    ])
  func properties(event: String, mistake: String) {
    #expect(ICalendarText.mistakes(event) == [mistake])
  }

  @Test(
    "in its lines are told with their place",
    arguments: [
      ("", "1:1 there is nothing in it"),
      ("\r\n\r\n", "1:1 there is nothing in it"),
      ("<html>", "1:1 a line must be `NAME:value`"),
      ("BEGIN:VCARD\nEND:VCARD", "1:1 this is no iCalendar: it must begin with `BEGIN:VCALENDAR`"),
      ("BEGIN:VCALENDAR\n", "1:1 `BEGIN:VCALENDAR` has no end; the text is cut off"),
      ("BEGIN:VCALENDAR\nBEGIN:VEVENT\nDTSTART:2026", "2:1 `BEGIN:VEVENT` has no end; the text is cut off"),
      ("BEGIN:VCALENDAR\nBEGIN:VEVENT\nEND:VCALENDAR", "3:1 `END:VCALENDAR` is where `END:VEVENT` must be"),
      (
        "BEGIN:VCALENDAR\nEND:VCALENDAR\nEND:VCALENDAR",
        "3:1 `END:VCALENDAR` is where `BEGIN:VCALENDAR` must be"
      ),
      ("BEGIN:VCALENDAR\nEND:VCALENDAR\nX:y", "3:1 `X` must be within `VCALENDAR`"),
      ("BEGIN:VCALENDAR\nEND:VCALENDAR\nBEGIN:VEVENT\nEND:VEVENT", "3:1 `VEVENT` must be within `VCALENDAR`"),
      (
        "BEGIN:VCALENDAR\nMETHOD:CANCEL\nEND:VCALENDAR",
        "2:1 this is a message that withdraws events, not a calendar"
      ),
      ("BEGIN:VCALENDAR\nno colon\nEND:VCALENDAR", "2:3 a line must be `NAME:value`"),
      ("BEGIN:VCALENDAR\nX;A:b\nEND:VCALENDAR", "2:4 a parameter must be `;NAME=value`"),
      ("BEGIN:VCALENDAR\nX;A=1;A=2:b\nEND:VCALENDAR", "2:9 the parameter `A` is given twice"),
      ("BEGIN:VCALENDAR\nX;A=\"b:c\nEND:VCALENDAR", "2:5 a quotation mark has no end"),
      ("BEGIN:VCALENDAR\nX;A=b\nEND:VCALENDAR", "2:6 a `:` must stand before the value"),
    ])
  func lines(text: String, mistake: String) {
    #expect(ICalendarText.mistakes(ofText: text).first == mistake)
  }

  @Test("are told all at once, up to a hundred")
  func all() {
    let three = ICalendarText.mistakes("DTSTART:x\nRRULE:FREQ=NO\nEXDATE:y")
    #expect(three.map { $0.prefix(4) } == ["3:9 "])
    let two = ICalendarText.mistakes("DTSTART:20260101\nRRULE:FREQ=NO\nEXDATE:y")
    #expect(two.map { $0.prefix(5) } == ["4:12 ", "5:8 `"])
    let garbage = "BEGIN:VCALENDAR\n" + String(repeating: "rubbish\n", count: 100_000)
    #expect(ICalendarText.mistakes(ofText: garbage).count == 100)
  }

  @Test("of a text that is no UTF-8 are told")
  func encoding() {
    let latin = Array("BEGIN:VCALENDAR\nX:".utf8) + [0xE9] + Array("\nEND:VCALENDAR".utf8)
    #expect(ICalendarText.mistakes(of: latin) == ["2:1 the line is no UTF-8 text"])
    #expect(ICalendarText.mistakes(of: [0xFF, 0xFE, 0]) == ["1:1 the line is no UTF-8 text"])
  }

  @Test("never trap: a good text with any byte changed is read or refused")
  func fuzz() {
    let text = ICalendarText.text(
      "UID:a\nDTSTART;TZID=Europe/Berlin:20260101T090000\nDTEND:20260102T080000Z\n"
        + "RRULE:FREQ=MONTHLY;INTERVAL=2;BYDAY=-1MO,2TU;COUNT=9\nRDATE;VALUE=PERIOD:20260301T230000Z/PT2H")
    let bytes = Array(text.utf8)
    for index in bytes.indices {
      for byte in [0, 9, 10, 0x20, 0x22, 0x2C, 0x2D, 0x2F, 0x30, 0x39, 0x3A, 0x3B, 0x3D, 0x5A, 0xC3]
        as [UInt8]
      {
        var changed = bytes
        changed[index] = byte
        _ = ICalendarText.mistakes(of: changed)
      }
      _ = ICalendarText.mistakes(of: Array(bytes[..<index]))
    }
  }
}
