import MillraceCore
import Testing

@testable import MillraceSimulator

@Suite("A trace in the Standard Workload Format")
struct SWFTraceTests {
  private static func line(
    _ number: Int64 = 1, submit: String = "0", run: String = "10", allocated: String = "4",
    requested: String = "4", time: String = "20", user: String = "7"
  ) -> String {
    "\(number) \(submit) 5 \(run) \(allocated) -1 -1 \(requested) \(time) -1 1 \(user) 2 -1 -1 -1 -1 -1\n"
  }

  private static func read(
    _ text: String, processors: Int = 100, skipsBroken: Bool = false
  ) throws -> SWFTrace {
    let file = WorkloadFile(path: "a.swf", bytes: Array(text.utf8))
    return try SWFTrace(file, processors: processors, skipsBroken: skipsBroken)
  }

  @Test("is read line by line, without its comments")
  func reading() throws {
    let trace = try Self.read("; Version: 2.2\n\n  ;x\n" + Self.line(3) + "\t" + Self.line(9, submit: "1.0"))
    #expect(trace.jobs.map(\.number) == [3, 9])
    let job = try #require(trace.jobs.first)
    #expect(job.submission.handler == "user-7" && job.submission.jobClass == "20")
    #expect(job.submission.terms.limits.cpuMillis == 4000)
    #expect(job.submission.terms.timeout == .seconds(20))
    #expect(job.run == .seconds(10))
  }

  @Test(
    "loses the jobs that no replay can run",
    arguments: [
      line(allocated: "101"), line(requested: "101"), line(allocated: "0", requested: "-1"), line(run: "0"),
      line(run: "-1"), line(time: "0"), line(time: "-1"), line(submit: "-1"),
    ])
  func cleaning(text: String) throws {
    let trace = try Self.read(text)
    #expect(trace.jobs.isEmpty)
    #expect(trace.dropped == 1)
  }

  @Test("takes the allocated processors where none are requested, and ends a job at its requested time")
  func settling() throws {
    let job = try #require(
      try Self.read(Self.line(run: "30", allocated: "8", requested: "-1", user: "-1")).jobs.first)
    #expect(job.submission.terms.limits.cpuMillis == 8000)
    #expect(job.run == .seconds(20))
    #expect(job.submission.handler == "unknown")
  }

  @Test("is put into the order of submission; of one second, in that of the file")
  func order() throws {
    let text = Self.line(5, submit: "9") + Self.line(4, submit: "3") + Self.line(2, submit: "9")
    #expect(try Self.read(text).jobs.map(\.number) == [4, 5, 2])
  }

  @Test(
    "is refused for a line that can't be read, with its number",
    arguments: [
      ("1 2 3", "`a.swf` line 2: a job has 18 fields, this line has 3"),
      (line(submit: "nan"), "`a.swf` line 2: field 2 is no number that can be: `nan`"),
      (line(run: "inf"), "`a.swf` line 2: field 4 is no number that can be: `inf`"),
      (line(run: "0x10"), "`a.swf` line 2: field 4 is no number that can be: `0x10`"),
      (line(time: "1e300"), "`a.swf` line 2: field 9 is no number that can be: `1e300`"),
      (
        line(time: "9223372036854775808"),
        "`a.swf` line 2: field 9 is no number that can be: `9223372036854775808`"
      ),
      (line(user: "-"), "`a.swf` line 2: field 12 is no number that can be: `-`"),
      ("\u{0}\u{1}", "`a.swf` line 2: field 1 is no number that can be: `\u{0}\u{1}`"),
    ])
  func broken(text: String, message: String) throws {
    let whole = Self.line() + text.trimmingLineFeed + "\n" + Self.line(3)
    let error = #expect(throws: SimulatorError.self) { try Self.read(whole) }
    #expect(error?.message == message)
    #expect(error?.hint == "`--skip-broken` leaves such lines out")
    let trace = try Self.read(whole, skipsBroken: true)
    #expect(trace.jobs.map(\.number) == [1, 3])
    #expect(trace.broken == [2])
  }

  @Test("needs a machine that can be", arguments: [0, -1, 10_000_001])
  func machines(processors: Int) throws {
    #expect(throws: SimulatorError.self) { try Self.read(Self.line(), processors: processors) }
  }
}

extension String {
  fileprivate var trimmingLineFeed: String { hasSuffix("\n") ? String(dropLast()) : self }
}
