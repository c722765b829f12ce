import MillraceCore
import MillraceWire
import Testing

struct TimeTests {
  @Test(
    "a time is written in UTC with milliseconds",
    arguments: [
      (0, "1970-01-01T00:00:00.000Z"), (1_767_225_600_000_000, "2026-01-01T00:00:00.000Z"),
      (1_767_225_600_123_000, "2026-01-01T00:00:00.123Z"),
      (1_767_225_600_999_999, "2026-01-01T00:00:00.999Z"),
      (951_782_400_001_000, "2000-02-29T00:00:00.001Z"),
      (253_402_300_799_999_000, "9999-12-31T23:59:59.999Z"),
      (-1, "1969-12-31T23:59:59.999Z"), (-62_135_596_800_000_000, "0001-01-01T00:00:00.000Z"),
    ])
  func written(_ microseconds: Int64, _ text: String) {
    #expect(Wire.text(of: Timestamp(microseconds: microseconds)) == text)
  }

  @Test(
    "a time in a header of HTTP has the names of its day and month",
    arguments: [
      (784_111_777_000_000, "Sun, 06 Nov 1994 08:49:37 GMT"), (0, "Thu, 01 Jan 1970 00:00:00 GMT"),
      (-1, "Wed, 31 Dec 1969 23:59:59 GMT"), (951_782_400_999_999, "Tue, 29 Feb 2000 00:00:00 GMT"),
    ])
  func inHeader(_ microseconds: Int64, _ text: String) {
    #expect(Wire.httpDate(of: Timestamp(microseconds: microseconds)) == text)
  }

  @Test("every millisecond survives writing and reading")
  func everyMillisecond() {
    for millisecond in Int64(0)..<1000 {
      let time = Timestamp(microseconds: (1_795_234_567_000 + millisecond) * 1000)
      #expect(Wire.time(from: Wire.text(of: time)) == time)
    }
  }

  @Test("every day of 400 years survives writing and reading, and they follow each other")
  func everyDay() {
    // A whole cycle of the calendar; one expectation, for each costs more than what it checks.
    var last = ""
    let wrong = (Int64(-73_049)...73_048).first { day in
      let text = Wire.text(of: Timestamp(microseconds: day * 86_400_000_000))
      defer { last = text }
      return text <= last || Wire.time(from: text)?.rawValue != day * 86_400_000_000
    }
    #expect(wrong == nil)
  }

  @Test(
    "a time is read in each way that RFC 3339 allows, and a day",
    arguments: [
      ("2026-11-21T04:20:00Z", 1_795_234_800_000_000), ("2026-11-21T04:20:00.5Z", 1_795_234_800_500_000),
      ("2026-11-21T04:20:00.123Z", 1_795_234_800_123_000),
      ("2026-11-21T04:20:00.123456Z", 1_795_234_800_123_456),
      ("2026-11-21T05:20:00+01:00", 1_795_234_800_000_000),
      ("2026-11-20T22:50:00-05:30", 1_795_234_800_000_000),
      ("2026-11-21T05:20:00.250+01:00", 1_795_234_800_250_000),
      ("2026-11-21T04:20:00.123456789Z", 1_795_234_800_123_456),
      ("2026-11-21t04:20:00z", 1_795_234_800_000_000),
      ("2026-08-01", 1_785_542_400_000_000), ("2000-02-29", 951_782_400_000_000),
    ])
  func read(_ text: String, _ microseconds: Int64) {
    #expect(Wire.time(from: text)?.rawValue == microseconds)
  }

  @Test(
    "what is no whole time is refused",
    arguments: [
      "", "now", "2026", "2026-08", "2026-13-01", "2026-02-30", "2026-08-01T", "2026-08-01 rubbish",
      "2026-08-01T99:99:99Z", "2026-11-21T04:20:00", "2026-11-21T04:20Z", "2026-11-21T04:20:00Zoo",
      "2026-11-21T04:20:00.Z", "2026-11-21T04:20:00+25:00", " 2026-08-01", "1795234800", "999999999-01-01",
      "2026-00-01", "2026-01-00", "2100-02-29", "2026-04-31", "-026-01-01",
      "2026-11-21T24:00:00Z", "2026-11-21T04:60:00Z", "2026-11-21T04:20:60Z", "2026-11-21T04:20:00+0100",
      "2026-11-21T04:20:00.1234567890Z", "٢٠٢٦-01-01", "2026-1-1",
    ])
  func refused(_ text: String) {
    #expect(Wire.time(from: text) == nil)
  }
}
