import ArgumentParser
import Foundation
import MillraceClient
import MillraceCore
import MillraceWire

/// `load`: many requests over TCP and many followers of what changes, while jobs flow.
struct LoadCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "load",
    abstract: "Have wrk ask a runner over TCP while clients follow its events and jobs flow.",
    discussion: "Fails if a request, a job or a follower fails, or if the runner's memory grows.")

  @OptionGroup var runner: RunnerOptions
  @Option(help: "The program wrk.") var wrk = "/usr/bin/wrk"
  @Option(help: "The script load.lua.") var script: String
  @Option(help: "How the lane is called in the table.") var lane: String
  @Option(help: "For how many seconds.") var seconds = 60
  @Option(help: "Connections of wrk.") var connections = 100
  @Option(help: "How long each rests before a request, in milliseconds.") var rest = 40
  @Option(name: .customLong("address"), help: "What is asked for in turn. May be repeated.")
  var addresses = [
    "/v1/status", "/v1/jobs/1", "/v1/jobs?state=queued&limit=20", "/v1/jobs/1/why", "/v1/handlers",
    "/v1/history?state=failed&limit=20",
  ]
  @Option(help: "Clients that follow every event.") var followers = 200
  @Option(help: "Jobs a second.") var jobs = 10
  @Option(help: "How much memory of its own the runner may have more than after the first sixth, in MiB.")
  var memory: Int64 = 16

  @Flag(help: "Hold nothing against a target, which is for the usual addresses.") var withoutTarget = false

  private static let target = 2000.0

  func run() async throws {
    var options = runner
    options.remote = true
    let process = try await RunnerProcess(options)
    defer { process.stop() }
    // The first job is the one that wrk asks for.
    try process.wait(for: process.client.submit(SubmitRequest(handler: "noop")).id)
    let first = try process.client.newestEvent()
    let followers = EventFollowers(followers, of: process.client, after: first)
    try await followers.waitForAll(upTo: first, atMost: .seconds(30))

    async let answers = ask(process)
    let memory = try await haveJobsDone(on: process)
    let figures = try await answers
    let last = try process.client.newestEvent()
    try await followers.waitForAll(upTo: last, atMost: .seconds(30))
    try process.check(attempts: 1 + jobs * seconds)
    report(figures, events: last - first, memory)
    guard figures.failed == 0, figures.refused == 0 else {
      throw BenchmarkError("\(figures.failed) requests failed, and \(figures.refused) were refused")
    }
    guard memory.last - memory.first <= self.memory << 20 else {
      throw BenchmarkError("the runner has grown by more than \(self.memory) MiB")
    }
  }

  /// Has wrk ask on a thread of its own.
  private func ask(_ process: RunnerProcess) async throws -> RequestFigures {
    let token = try String(contentsOfFile: process.place.token, encoding: .utf8)
    let port = try String(contentsOfFile: process.place.port, encoding: .utf8)
    let words = [
      wrk, "--threads", "1", "--connections", "\(connections)", "--duration", "\(seconds)s",
      "--script", script, "--header", "Authorization: Bearer \(token)", "http://127.0.0.1:\(port)", "--",
      "\(rest)",
    ]
    let program = ChildProgram(words: words + addresses)
    return try await withCheckedThrowingContinuation { continuation in
      Thread.detachNewThread {
        continuation.resume(with: Result { try RequestFigures(printed: program.output()) })
      }
    }
  }

  /// Submits the jobs of each second and waits for all; returns the runner's own memory after a sixth of the
  /// time and at the end.
  private func haveJobsDone(on process: RunnerProcess) async throws -> (first: Int64, last: Int64) {
    var first: Int64 = 0
    var submitted: [JobID] = []
    let began = ContinuousClock.now
    for second in 0..<seconds {
      for _ in 0..<jobs {
        submitted.append(try process.client.submit(SubmitRequest(handler: "noop")).id)
        try await Task.sleep(for: .milliseconds(1000 / (jobs * 2)))
      }
      if second == seconds / 6 { first = try ProcessFigures(of: process.pid).anonymous }
      try await Task.sleep(until: began + .seconds(second + 1))
    }
    let last = try ProcessFigures(of: process.pid).anonymous
    for job in submitted { try process.wait(for: job) }
    return (first, last)
  }

  private func report(_ figures: RequestFigures, events: Int64, _ memory: (first: Int64, last: Int64)) {
    Row(
      what: "\(figures.requests) requests over TCP in \(seconds) s, of \(addresses.joined(separator: ", ")), "
        + "beside \(followers) followers and \(jobs) jobs/s; failed",
      lane: lane,
      measured: "\(fixed(figures.rate, decimals: 0)) requests/s; \(figures.failed + figures.refused)",
      target: withoutTarget
        ? "–" : "≥ \(Int(Self.target)) requests/s: \(figures.rate >= Self.target ? "met" : "missed")"
    ).show()
    Row(
      what: "an answer of it, median; p99; longest", lane: lane,
      measured: [figures.median, figures.p99, figures.longest].map(Times.text).joined(separator: "; ")
    ).show()
    Row(
      what: "events that each follower was told meanwhile, none left out", lane: lane, measured: "\(events)"
    ).show()
    Row(
      what: "the runner's own memory after a sixth of it; at its end", lane: lane,
      measured: "\(ProcessFigures.mebibytes(memory.first)) MiB; \(ProcessFigures.mebibytes(memory.last)) MiB"
    ).show()
  }
}

/// What wrk tells at its end, by the line of `load.lua`.
struct RequestFigures {
  var requests: Int
  /// Connections that failed and answers that never came; answers that were none of success.
  var failed: Int
  var refused: Int
  /// Requests a second.
  var rate: Double
  /// Nanoseconds.
  var median: Int64
  var p99: Int64
  var longest: Int64

  init(printed text: String) throws {
    guard let line = text.split(separator: "\n").first(where: { $0.hasPrefix("wrk ") }) else {
      throw BenchmarkError("wrk told nothing: \(text)")
    }
    var numbers: [Substring: Int] = [:]
    for pair in line.split(separator: " ").dropFirst() {
      let parts = pair.split(separator: "=")
      if parts.count == 2 { numbers[parts[0]] = Int(parts[1]) }
    }
    func number(_ name: Substring) throws -> Int {
      guard let number = numbers[name] else { throw BenchmarkError("wrk did not tell `\(name)`: \(line)") }
      return number
    }
    requests = try number("requests")
    (failed, refused) = (try number("failed"), try number("refused"))
    rate = Double(requests) * 1e6 / Double(max(1, try number("microseconds")))
    median = Int64(try number("median")) * 1000
    p99 = Int64(try number("p99")) * 1000
    longest = Int64(try number("longest")) * 1000
  }
}
