import FoundationEssentials
import MillraceCore
import Testing

@Suite("millrace schedule preview")
struct ScheduleTests {
  private func preview(_ arguments: String..., zone: String? = nil) throws -> Program.Outcome {
    let environment = zone.map { ["TZ": $0] } ?? [:]
    return try Program(
      ["schedule", "preview"] + arguments, path: Program.path, environment: environment
    ).end()
  }

  @Test("shows the next times, and which of them daylight saving moves")
  func table() throws {
    let outcome = try preview(
      "--cron", "30 3 * * *", "--tz", "Europe/Riga", "--after", "2021-03-27T00:00:00Z", "--count", "3")
    #expect(
      outcome.out == """
        TIME                     OFFSET  UTC                       DAYLIGHT SAVING
        Sat 2021-03-27 03:30:00  +02:00  2021-03-27T01:30:00.000Z  -
        Sun 2021-03-28 04:00:00  +03:00  2021-03-28T01:00:00.000Z  moved from 03:30, which the clock skips
        Mon 2021-03-29 03:30:00  +03:00  2021-03-29T00:30:00.000Z  -

        """)
    #expect(outcome.error == "")
    #expect(outcome.code == 0)
  }

  @Test("tells programs the time with its offset, in UTC, and what daylight saving did")
  func json() throws {
    let outcome = try preview(
      "--cron", "30 3 * * *", "--tz", "Europe/Riga", "--after", "2021-03-27 12:00", "--count", "2", "-o",
      "jsonl")
    #expect(
      outcome.out == """
        {"daylight_saving":{"effect":"moved","from":"2021-03-28T03:30:00","note":"moved from 03:30, \
        which the clock skips"},"offset":"+03:00","time":"2021-03-28T04:00:00+03:00",\
        "utc":"2021-03-28T01:00:00.000Z"}
        {"daylight_saving":null,"offset":"+03:00","time":"2021-03-29T03:30:00+03:00",\
        "utc":"2021-03-29T00:30:00.000Z"}

        """)
    let array = try preview("--cron", "@daily", "--count", "7", "-o", "json")
    let value = try JSONDecoder().decode(JSONValue.self, from: Data(array.out.utf8))
    #expect(value.array?.count == 7)
    let ids = try preview(
      "--cron", "30 3 * * *", "--tz", "Europe/Riga", "--after", "2021-10-30", "--count", "3", "--dst-repeat",
      "both", "-o", "ids")
    #expect(
      ids.out == """
        2021-10-30T03:30:00+03:00
        2021-10-31T03:30:00+03:00
        2021-10-31T03:30:00+02:00

        """)
    let skip = try preview(
      "--cron", "30 3 * * *", "--tz", "Europe/Riga", "--after", "2021-03-28", "--count", "1", "--dst-gap",
      "skip",
      "-o", "ids")
    #expect(skip.out == "2021-03-29T03:30:00+03:00\n")
  }

  @Test("knows spans and single times")
  func otherKinds() throws {
    let every = try preview(
      "--every", "90m", "--after", "2021-03-28T02:00:00+02:00", "--count", "2", "-o", "ids",
      zone: "Europe/Riga")
    #expect(every.out == "2021-03-28T04:30:00+03:00\n2021-03-28T06:00:00+03:00\n")
    let at = try preview(
      "--at", "2021-03-28 03:30", "--after", "2021-01-01", "--tz", "Europe/Riga", "-o", "csv")
    #expect(
      at.out == """
        time,offset,utc,daylight_saving
        2021-03-28T04:00:00+03:00,+03:00,2021-03-28T01:00:00.000Z,"moved from 03:30, which the clock skips"

        """)
    #expect(at.error == "millrace: only 1: it is due once\n")
    #expect(at.code == 0)
    let past = try preview("--at", "2021-03-28T00:00:00Z", "--after", "2021-03-28", "-o", "json")
    #expect(
      past == .init(code: 0, out: "[\n\n]\n", error: "millrace: never: that time is not after the start\n"))
  }

  @Test("says so if there is never a time, or none any more")
  func never() throws {
    let never = try preview("--cron", "0 0 30 2 *")
    #expect(
      never == .init(code: 0, out: "never: the calendar has no day that fits `0 0 30 2 *`\n", error: ""))
    let end = try preview("--cron", "0 12 * * *", "--after", "9999-12-29T12:00:00Z", "-o", "ids")
    #expect(end.out.split(separator: "\n").count == 2)
    #expect(end.error == "millrace: only 2: the calendar of schedules has the years 0 to 9999\n")
  }

  @Test("says where an expression is malformed, and what is allowed")
  func malformed() throws {
    let outcome = try preview("--cron", "-1 24 * * mun")
    #expect(outcome.code == 2)
    #expect(outcome.out == "")
    #expect(
      outcome.error == """
        error: --cron, column 1: a minute is missing; allowed are 0 to 59
        error: --cron, column 4: `24` is no hour; allowed are 0 to 23
        error: --cron, column 11: `mun` is no day of the week; allowed are 0 to 7 (0 and 7 are Sunday) or \
        sun to sat, did you mean `sun`?

        hint: docs/schedules.md has the rules of the fields

        """)
    let zone = try preview("--cron", "@daily", "--tz", "Europe/Rigaa")
    #expect(zone.code == 2)
    #expect(
      zone.error.hasPrefix(
        "error: cannot use the time zone `Europe/Rigaa`: there is no such zone, did you mean `Europe/Riga`?\n"
      ))
  }

  @Test(
    "what can't be is 2",
    arguments: [
      [], ["--cron", "@daily", "--every", "5m"], ["--cron", ""], ["--every", "0"], ["--every", "5"],
      ["--every", "10ms"], ["--every", "5m", "--dst-gap", "skip"], ["--at", "soon"], ["--at", "2021-02-30"],
      ["--at", "2021-03-28 25:00"], ["--at", "99999-01-01T00:00:00Z"], ["--cron", "@daily", "--count", "0"],
      ["--cron", "@daily", "--count", "10001"], ["--cron", "@daily", "--after", "soon"],
      ["--cron", "@daily", "--tz", "../../etc/passwd"], ["--cron", "@daily", "--dst-gap", "later"],
    ])
  func usage(arguments: [String]) throws {
    let outcome = try Program(["schedule", "preview"] + arguments, path: Program.path).end()
    #expect(outcome.code == 2)
    #expect(outcome.out == "")
    #expect(outcome.error.hasPrefix("error: "))
  }
}
