import ArgumentParser
import Foundation
import MillraceClient
import MillraceCore
import MillraceWire

/// `first-instruction`: how soon a job begins on a runner that has nothing else to do.
struct FirstInstructionCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "first-instruction",
    abstract: "Measure the time from a request on the socket to the first instruction of its handler.")

  @OptionGroup var runner: RunnerOptions
  @Option(help: "How the lane is called in the table.") var lane: String
  @Option(help: "How many jobs, one after the other.") var jobs = 1000
  @Option(help: "How long the runner rests before each, in milliseconds.") var pause = 50
  @Option(help: "For how many seconds it is watched at rest afterwards.") var rest = 0

  private static let target = (median: Int64(2_000_000), p99: Int64(10_000_000))

  func run() async throws {
    let process = try await RunnerProcess(runner)
    defer { process.stop() }
    var times = Times()
    for round in -10..<jobs {
      try await Task.sleep(for: .milliseconds(pause))
      let time = try time(on: process)
      if round >= 0 { times.add([time]) }  // The first ones warm up.
    }
    try process.check(attempts: jobs + 10)
    let isMet = times.median <= Self.target.median && times.part(0.99) <= Self.target.p99
    Row(
      what: "submit to first instruction, \(runner.tier.name), median (shortest); p99", lane: lane,
      measured: "\(times.text); \(Times.text(times.part(0.99)))",
      target: "≤ 2 ms; ≤ 10 ms: \(isMet ? "met" : "missed")"
    ).show()
    guard rest > 0 else { return }
    // Threads that have nothing to do any more end first.
    try await Task.sleep(for: .seconds(10))
    // This program is the runner here: its memory tells nothing of `millraced`.
    try await IdleProcess(name: "runner", pid: process.pid, mostResident: nil)
      .measure(seconds: rest, lane: lane)
  }

  /// Nanoseconds from before the socket is opened until the handler's first instruction.
  private func time(on process: RunnerProcess) throws -> Int64 {
    let began = Self.now()
    let job = try process.client.submit(SubmitRequest(handler: "moment"))
    try process.wait(for: job.id)
    let result = try process.client.result(of: job.id)
    guard let first = Int64(String(decoding: result.bytes, as: UTF8.self)) else {
      throw BenchmarkError("job \(job.id) does not tell when it began")
    }
    return first - began
  }

  /// The clock that all processes share.
  private static func now() -> Int64 {
    var time = timespec()
    clock_gettime(CLOCK_MONOTONIC, &time)
    return Int64(time.tv_sec) * 1_000_000_000 + Int64(time.tv_nsec)
  }
}
