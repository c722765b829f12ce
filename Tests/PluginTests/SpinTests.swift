import FoundationEssentials
import PluginRecording
import Testing

@Suite("spin burns processor time, forks and sleeps")
struct SpinTests {
  /// Stops a job at its first progress.
  private let stopped = Surroundings(stopsAt: { if case .progress = $0 { true } else { false } })

  @Test(
    "It burns until its time has passed",
    arguments: [#"{"seconds":0.1,"threads":2}"#, #"{"cpu_seconds":0.1}"#])
  func burn(_ parameters: String) throws {
    let job = try run("spin", of: "spin", parameters)
    #expect(job.events.last == .returned(0))
    #expect(job.fractions == job.fractions.sorted())
    #expect(job.fractions.isEmpty == false)
  }

  @Test("sleep snoozes once if it is asked to, with a mark that its next attempt finds")
  func snooze() throws {
    let parameters = #"{"snooze_seconds":1.5}"#
    let first = try run("sleep", of: "spin", parameters)
    #expect(
      first.events == [
        .checkpoint(bytes: Data("snoozed".utf8)),
        .snooze(milliseconds: 1500, reason: "as it was asked to, once"), .returned(2),
      ])
    let second = try run("sleep", of: "spin", parameters, in: Surroundings(checkpoint: "snoozed"))
    #expect(second.events == [.returned(0)])
  }

  @Test("It stops when it is asked to")
  func stop() throws {
    let job = try run("spin", of: "spin", #"{"seconds":1000,"threads":2}"#, in: stopped)
    #expect(job.failureCode == "cancelled", "\(job)")
  }

  @Test("It goes on though it is asked to stop, if it is told to")
  func ignoreTerm() throws {
    let job = try run("spin", of: "spin", #"{"cpu_seconds":0.2,"ignore_term":true}"#, in: stopped)
    #expect(job.failure == nil)
    #expect(job.events.last == .returned(0))
  }

  @Test("A thread that the kernel refuses fails the job")
  func noThread() throws {
    let alone = Surroundings(user: 64_123, isAlone: true)
    let job = try run("spin", of: "spin", #"{"seconds":1000,"threads":2}"#, in: alone)
    #expect(job.failureCode == "no_thread")
    #expect(job.failure?.isRetryable == true)
  }

  @Test("Children that could be had are counted")
  func forks() throws {
    let job = try run("forks", of: "spin", #"{"count":20}"#)
    #expect(try counts(job) == ["asked": 20, "started": 20, "refused": 0])
  }

  @Test("Children that the kernel refuses are counted")
  func refusedForks() throws {
    let alone = Surroundings(user: 64_124, isAlone: true)
    let job = try run("forks", of: "spin", #"{"count":20}"#, in: alone)
    #expect(try counts(job) == ["asked": 20, "started": 0, "refused": 20])
    #expect(job.events.last == .returned(0))
  }

  private func counts(_ job: PluginRun) throws -> [String: Int] {
    #expect(job.mediaType == "application/json")
    return try JSONDecoder().decode([String: Int].self, from: Data(try #require(job.result)))
  }

  @Test(
    "sleep does nothing at once, or for a while", arguments: ["{}", #"{"seconds":0}"#, #"{"seconds":0.01}"#])
  func sleep(_ parameters: String) throws {
    let job = try run("sleep", of: "spin", parameters)
    #expect(job.failure == nil)
    #expect(job.events.last == .returned(0))
  }

  @Test("sleep wakes up when it is asked to stop")
  func wake() throws {
    #expect(try run("sleep", of: "spin", #"{"seconds":1000}"#, in: stopped).failureCode == "cancelled")
  }

  @Test(
    "Parameters that don't fit are refused",
    arguments: [
      ("spin", #"{"seconds":-1}"#), ("spin", #"{"threads":0}"#), ("spin", #"{"threads":1000}"#),
      ("spin", #"{"ignore_term":"yes"}"#), ("forks", "{}"), ("forks", #"{"count":0}"#),
      ("forks", #"{"count":1.5}"#),
      ("sleep", #"{"seconds":"1"}"#), ("sleep", #"{"seconds":1e9}"#),
    ])
  func wrongParameters(_ handler: String, _ parameters: String) throws {
    #expect(try run(handler, of: "spin", parameters).failureCode == "invalid_parameters")
  }
}
