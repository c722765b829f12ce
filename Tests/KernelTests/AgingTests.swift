import Foundation
import MillraceCore
import MillraceWire
import Testing

/// The order of jobs, with real ones.
@Suite("Aging", .serialized, .timeLimit(.minutes(5)))
struct AgingTests {
  /// How much later than a job of priority 1 one of priority 10 may come and still be first: nine steps.
  private static let bound = 9.0

  @Test("a job of low priority behind a stream of high ones starts within its aging bound")
  func stream() async throws {
    let configuration = """
      capacity: {slots: 1, cpu: 16}
      queue: {aging: 1s}
      """
    try await RunnerUnderTest.with(plugins: ["spin"], configuration: configuration) { runner in
      // While this one has the only slot, nothing else starts, however slow the machine is.
      let first = try await runner.submit("sleep", "seconds=600", "--priority", "10")
      try await runner.waitForStart(of: first)
      var high: [String] = []
      for _ in 1...4 { high.append(try await runner.submit("sleep", "seconds=0", "--priority", "10")) }
      let low = try await runner.submit("sleep", "seconds=0", "--priority", "1")
      let why = try await runner.why(low)
      #expect(why.closed.contains(.slots), "\(why.closed)")
      #expect(why.explanation?.ahead == 4)
      // The stream does not dry up before the bound, nor at it.
      let clock = ContinuousClock()
      let end = clock.now + .seconds(Self.bound + 3)
      while clock.now < end {
        high.append(try await runner.submit("sleep", "seconds=0", "--priority", "10"))
      }
      try await runner.cancel([first])
      try await check(low, high, runner)
    }
  }

  /// Those of the stream that came within the bound were first, and no other.
  private func check(_ low: String, _ high: [String], _ runner: RunnerUnderTest) async throws {
    let mine = try await runner.lastAttempt(of: low)
    let submitted = try #require(Wire.time(from: mine.queued))
    let start = try #require(mine.started.flatMap { Wire.time(from: $0) })
    var overtaken = 0
    for job in high {
      let other = try await runner.lastAttempt(of: job)
      let lead = (try #require(Wire.time(from: other.queued)) - submitted).seconds
      let isBefore = try #require(other.started.flatMap { Wire.time(from: $0) }) < start
      #expect(isBefore == (lead < Self.bound), "job \(job) came \(lead) s after it")
      if isBefore { overtaken += 1 }
    }
    #expect(overtaken > 3)
    #expect(high.count > overtaken)
  }
}
