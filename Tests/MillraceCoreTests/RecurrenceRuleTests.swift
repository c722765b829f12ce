import MillraceCore
import Testing

@Suite("Rules by which events come again")
struct RecurrenceRuleTests {
  /// A start, its rule, and what dateutil 2.9 makes of them in the years 1970 to 2100: how many days, the
  /// first one, and the sum of all, counted from 1970-01-01. The rules were drawn by lot; 2900 more agreed.
  private static let vectors = """
    20240218 FREQ=YEARLY;BYMONTH=2;BYDAY=-2SU,4TH,-2MO;BYSETPOS=1;UNTIL=20590920 36 19771 941851
    19180503 FREQ=WEEKLY;BYMONTH=5,6,8;BYDAY=FR;UNTIL=19621002 0 0 0
    19990725 FREQ=DAILY;INTERVAL=4;BYMONTHDAY=25;BYDAY=SU,SA,TU 129 10797 3658809
    19720213 FREQ=DAILY;INTERVAL=4;BYMONTH=1,2,8;BYMONTHDAY=8,13;BYDAY=SU,MO 55 773 1367123
    20250120 FREQ=YEARLY;BYDAY=3MO;WKST=WE;COUNT=1 1 20108 20108
    20240919 FREQ=YEARLY;BYMONTH=3,6,9;UNTIL=20600128 106 19985 2799032
    19710223 FREQ=YEARLY;BYMONTH=2;BYDAY=TU;BYSETPOS=-1;COUNT=2 2 418 1207
    19991023 FREQ=WEEKLY;INTERVAL=7;BYMONTH=6,10;BYDAY=SA;UNTIL=20070707 11 10887 133918
    19710902 FREQ=YEARLY;BYMONTH=9;BYDAY=MO,TH,SA;COUNT=1 1 609 609
    20240623 FREQ=YEARLY;BYMONTH=6,8,12;BYDAY=4SU;UNTIL=20550504 93 19897 2367658
    19991230 FREQ=DAILY;INTERVAL=7;BYMONTH=4,12;BYMONTHDAY=30;UNTIL=20070812 2 10955 23737
    19171102 FREQ=DAILY;INTERVAL=2;BYMONTH=3,8,11;BYDAY=FR,TU;BYSETPOS=-1;WKST=SA 1720 61 41149124
    19680205 FREQ=YEARLY;BYDAY=MO,TU 13670 4 327034245
    19990922 FREQ=WEEKLY;INTERVAL=1;BYMONTH=9,10,12;BYDAY=WE,TH 2678 10856 78761792
    19680817 FREQ=DAILY;COUNT=1 0 0 0
    19700702 FREQ=MONTHLY;BYMONTH=7;BYMONTHDAY=25,2,8 393 182 9405682
    19991110 FREQ=YEARLY;BYMONTH=3,11;BYDAY=4TH,2WE;WKST=TH 406 10905 11906951
    19720221 FREQ=MONTHLY;INTERVAL=5;BYMONTH=2;WKST=TU 26 781 613847
    19990318 FREQ=YEARLY;INTERVAL=2;UNTIL=20450523 24 10668 457656
    19180101 FREQ=WEEKLY;BYMONTH=1,3;BYDAY=TU;COUNT=2 0 0 0
    19700705 FREQ=YEARLY;INTERVAL=1;BYMONTH=7,9;BYDAY=SU;WKST=MO;COUNT=5 5 185 1030
    20581101 FREQ=DAILY;INTERVAL=10;BYMONTH=9,11;BYMONTHDAY=1,25;BYDAY=FR;COUNT=20 4 32446 134824
    19680730 FREQ=YEARLY;BYDAY=TH,TU 13671 0 327054750
    19701201 FREQ=YEARLY;BYMONTH=5,7,12;BYMONTHDAY=-31;COUNT=5 5 334 2915
    19710531 FREQ=YEARLY;BYMONTH=1,5;BYMONTHDAY=-1,29;BYDAY=-1MO,-5TU 75 515 1760303
    20240312 FREQ=DAILY;INTERVAL=10 2806 19794 94896114
    19681122 FREQ=WEEKLY;BYDAY=TH,FR,MO;WKST=SU;UNTIL=19780421 1301 0 1972316
    19990516 FREQ=MONTHLY;COUNT=1 1 10727 10727
    19680502 FREQ=DAILY;BYMONTHDAY=2,31,25;WKST=SA 4061 1 97158264
    19700511 FREQ=MONTHLY;BYMONTH=5,11;WKST=MO 262 130 6278402
    20250502 FREQ=MONTHLY;INTERVAL=4;BYMONTH=5,7,8;BYMONTHDAY=2;BYDAY=FR;WKST=SA 12 20210 402498
    19991008 FREQ=DAILY;INTERVAL=4;BYMONTHDAY=8;BYDAY=FR,WE;UNTIL=20100812 11 10872 138832
    20090219 FREQ=YEARLY;INTERVAL=10;BYMONTH=2,4 20 14294 615190
    19701122 FREQ=WEEKLY;INTERVAL=4;WKST=SU 1698 325 40892934
    20250405 FREQ=YEARLY;BYMONTH=4,6;BYDAY=SA;COUNT=1 1 20183 20183
    19710501 FREQ=YEARLY;BYMONTH=3,5,11;BYMONTHDAY=8,-31,31;BYDAY=TU,SA;UNTIL=20060916 71 485 473619
    19700831 FREQ=YEARLY;INTERVAL=2;BYMONTH=4,8,9;BYMONTHDAY=31,30;BYDAY=-1MO 38 242 916368
    19991230 FREQ=DAILY;WKST=SU 36892 10955 1084643246
    """

  @Test("have the days that others find", arguments: vectors.split(separator: "\n").map { String($0) })
  func days(row: String) throws {
    let fields = row.split(separator: " ").map { String($0) }
    let days = try ICalendarText.days("DTSTART:\(fields[0])\nRRULE:\(fields[1])")
    #expect(days.count == Int(fields[2]))
    #expect((days.first ?? 0) == Int64(fields[3]))
    #expect(days.reduce(0, +) == Int64(fields[4]))
  }

  @Test(
    "have these days in a year",
    arguments: [
      // Thanksgiving, and the day after an election as Apple writes it.
      ("19421126", "FREQ=YEARLY;BYMONTH=11;BYDAY=4TH", "2026-11-26"),
      ("20001107", "FREQ=YEARLY;BYMONTH=11;BYDAY=TU;BYMONTHDAY=2,3,4,5,6,7,8", "2026-11-03"),
      ("19971225", "FREQ=YEARLY", "2026-12-25"),
      ("19720225", "FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=-1", "2026-02-28"),
      ("20240229", "FREQ=YEARLY", ""),
      ("19971013", "FREQ=YEARLY;BYDAY=20MO", "2026-05-18"),
      ("20260110", "FREQ=MONTHLY;BYMONTHDAY=10;UNTIL=20260310", "2026-01-10 2026-02-10 2026-03-10"),
      ("20260131", "FREQ=MONTHLY;COUNT=3", "2026-01-31 2026-03-31 2026-05-31"),
      (
        "20260105", "FREQ=WEEKLY;INTERVAL=2;BYDAY=MO,WE;COUNT=4",
        "2026-01-05 2026-01-07 2026-01-19 2026-01-21"
      ),
      ("20260105", "FREQ=WEEKLY;INTERVAL=2;BYDAY=SU;WKST=SU;COUNT=2", "2026-01-05 2026-01-18"),
      ("20260105", "FREQ=WEEKLY;INTERVAL=2;BYDAY=SU;WKST=MO;COUNT=2", "2026-01-05 2026-01-11"),
      ("20260130", "FREQ=MONTHLY;BYDAY=MO,TU,WE,TH,FR;BYSETPOS=-1;COUNT=2", "2026-01-30 2026-02-27"),
      ("20260101", "FREQ=DAILY;COUNT=1", "2026-01-01"),
    ])
  func known(start: String, rule: String, expected: String) throws {
    let days = try ICalendarText.dates("DTSTART:\(start)\nRRULE:\(rule)", in: 2026)
    #expect(days == expected)
  }

  @Test(
    "with mistakes, or that are not known here, are told with their place",
    arguments: [
      ("", "4:7 `FREQ` is missing"),
      ("FREQ=HOURLY", "4:12 `FREQ` must be one of YEARLY, MONTHLY, WEEKLY, DAILY, not `HOURLY`"),
      (
        "FREQ=YEARLY;BYWEEKNO=20",
        "4:19 `BYWEEKNO` in a rule is not known here; known are FREQ, INTERVAL, COUNT, UNTIL, BYMONTH, "
          + "BYMONTHDAY, BYDAY, BYSETPOS, WKST"
      ),
      ("FREQ=DAILY;INTERVAL=0", "4:27 `INTERVAL` must be from 1 to 100000, not `0`"),
      (
        "FREQ=DAILY;COUNT=99999999999999999999",
        "4:24 `COUNT` must be from 1 to 1000000, not `99999999999999999999`"
      ),
      ("FREQ=DAILY;COUNT=1;UNTIL=20260101", "4:32 a rule has either `COUNT` or `UNTIL`"),
      (
        "FREQ=DAILY;UNTIL=tomorrow",
        "4:24 `TOMORROW` is no day like 20261225 and no time like 20261225T083000 or 20261225T083000Z"
      ),
      ("FREQ=YEARLY;BYMONTH=0,13", "4:27 `BYMONTH` must be from 1 to 12, not `0`"),
      (
        "FREQ=YEARLY;BYMONTHDAY=-32",
        "4:30 `BYMONTHDAY` must be from 1 to 31, with `-` from the end, not `-32`"
      ),
      (
        "FREQ=YEARLY;BYDAY=XX",
        "4:25 `BYDAY` must have days of SU, MO, TU, WE, TH, FR, SA, with a number from 1 to 53 or -1 to -53 "
          + "before it if need be, not `XX`"
      ),
      ("FREQ=WEEKLY;BYDAY=2MO", "4:25 `2MO`: only YEARLY and MONTHLY can count days of the week"),
      ("FREQ=WEEKLY;BYMONTHDAY=2", "4:30 WEEKLY can't have `BYMONTHDAY`"),
      ("FREQ=YEARLY;BYSETPOS=1", "4:28 `BYSETPOS` needs `BYMONTH`, `BYMONTHDAY` or `BYDAY` beside it"),
      ("FREQ=YEARLY;WKST=9", "4:24 `WKST` must have days of SU, MO, TU, WE, TH, FR, SA, not `9`"),
      ("FREQ=YEARLY;FREQ=DAILY", "4:19 `FREQ` is given twice"),
      ("FREQ=YEARLY;COUNT", "4:19 a part of a rule must be `NAME=value`"),
    ])
  func mistakes(rule: String, mistake: String) {
    #expect(ICalendarText.mistakes("DTSTART:20260101\nRRULE:\(rule)").first == mistake)
  }

  @Test("that are too many are refused, and soon")
  func tooMany() {
    let event = "BEGIN:VEVENT\nDTSTART:19700101\nRRULE:FREQ=DAILY\nEND:VEVENT\n"
    let text = "BEGIN:VCALENDAR\n" + String(repeating: event, count: 60) + "END:VCALENDAR\n"
    #expect(
      ICalendarText.mistakes(ofText: text)
        == ["168:7 the rules of this text have too many days between 1970 and 2100"])
  }
}
