import MillraceCore
import Testing

@Suite("A written time")
struct WrittenTimeTests {
  @Test("is a point in time with an offset, else one of the clock of a zone")
  func reads() throws {
    let clock = try #require(CivilTime(seconds: 1_785_594_600))
    for text in ["2026-08-01 14:30", "2026-08-01T14:30", "2026-08-01 14:30:00", "2026-08-01T14:30:00"] {
      #expect(WrittenTime(text: text) == .local(clock))
    }
    #expect(
      WrittenTime(text: "2026-08-01") == CivilTime(seconds: 1_785_542_400).map { WrittenTime.local($0) })
    for (text, microseconds): (String, Int64) in [
      ("2026-08-01T14:30:00Z", 1_785_594_600_000_000), ("2026-08-01t14:30:00z", 1_785_594_600_000_000),
      ("2026-08-01T14:30:00.25+02:00", 1_785_587_400_250_000),
      ("0000-01-01T00:00:00-00:30", -62_167_217_400_000_000),
    ] {
      #expect(WrittenTime(text: text) == .instant(Timestamp(microseconds: microseconds)))
    }
    let time = try #require(WrittenTime(text: "2026-08-01 14:30")).time(in: .utc)
    #expect(time == Timestamp(microseconds: 1_785_594_600_000_000))
  }

  @Test(
    "is nothing else",
    arguments: [
      "", "x", "2026", "2026-8-1", "2026-02-30", "2026-13-01", "10000-01-01", "-001-01-01", "2026-08-01 ",
      "2026-08-01 14", "2026-08-01 14:", "2026-08-01 14:30:", "2026-08-01 24:00", "2026-08-01 14:60",
      "2026-08-01 14:30:60", "2026-08-01 14:30:00Z", "2026-08-01T14:30Z", "2026-08-01T14:30:00.5",
      "2026-08-01T14:30:00.Z", "2026-08-01T14:30:00+24:00", "2026-08-01T14:30:00+0200",
      "2026-08-01T14:30:00Z ", " 2026-08-01", "２０２６-08-01", "2026-08-01T14:30:00.1234567890Z",
      "9999-12-31T23:59:59-00:01", "0000-01-01T00:00:00+00:01",
    ])
  func refuses(text: String) { #expect(WrittenTime(text: text) == nil) }
}
