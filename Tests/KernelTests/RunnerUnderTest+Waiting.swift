import Foundation
import MillraceCore
import MillraceWire
import TestSupport

extension RunnerUnderTest {
  /// Runs jobs of `balloon` to their ends, so that the runner learns what they need.
  func teach(count: Int, memory: Bytes, limit: Bytes) async throws {
    let jobs = try await submit(count, "\"memory\":\(memory.rawValue)", limit: limit)
    let run = try await command(["wait"] + jobs + ["--timeout", "120s"])
    guard run.status == 0 else { throw Failure(description: "wait ended with \(run.status): \(run.errors)") }
  }

  /// Submits jobs of `balloon` that keep what they take; returns their numbers.
  func inflate(_ count: Int, to memory: Bytes, limit: Bytes) async throws -> [String] {
    try await submit(count, "\"memory\":\(memory.rawValue),\"hold\":600", limit: limit)
  }

  private func submit(_ count: Int, _ parameters: String, limit: Bytes) async throws -> [String] {
    let line =
      #"{"handler":"balloon","parameters":{\#(parameters)},"memory_bytes":\#(limit.rawValue)}"# + "\n"
    let batch = Data(String(repeating: line, count: count).utf8)
    let run = try await command(["submit", "--batch", "-", "-o", "ids"], input: batch)
    let ids = run.output.split(separator: "\n").map(String.init)
    guard run.status == 0, ids.count == count else {
      throw Failure(description: "the batch ended with \(run.status): \(run.errors)")
    }
    return ids
  }

  /// Cancels jobs and waits for their ends.
  func cancel(_ jobs: [String]) async throws {
    let run = try await command(["cancel"] + jobs)
    guard run.status == 0 else {
      throw Failure(description: "cancel ended with \(run.status): \(run.errors)")
    }
    _ = try await command(["wait"] + jobs + ["--timeout", "60s"])
  }

  private func command(_ arguments: [String], input: Data = Data()) async throws -> TestProcess.Run {
    try await Programs.run("millrace", arguments, environment: ["MILLRACE_SOCKET": socket], input: input)
  }

  /// What the job waits for.
  func why(_ job: String) async throws -> WhyView { try await answer(WhyView.self, "why", job) }

  /// The text of a file below the runner's cgroup.
  func cgroupFile(_ path: String) throws -> String {
    try String(contentsOfFile: "/sys/fs/cgroup\(group)/\(path)", encoding: .utf8)
  }

  /// Returns when a condition holds; each look is a whole command.
  func wait(until what: String, _ isTrue: () async throws -> Bool) async throws {
    let deadline = ContinuousClock.now + .seconds(120)
    while ContinuousClock.now < deadline {
      if try await isTrue() { return }
    }
    let status = try await millrace("status").output
    throw Failure(description: "it did not come about that \(what):\n\(status)")
  }

  /// Returns when a job's process exists.
  func waitForStart(of job: String) async throws {
    try await wait(until: "job \(job) runs") {
      try await answer(JobDetail.self, "show", job).job.state == .running
    }
  }

  /// Returns when a job is frozen, and since when it is.
  func waitForFreeze(of job: String) async throws -> Date {
    var since: Date?
    try await wait(until: "job \(job) is frozen") {
      since = try await answer(JobDetail.self, "show", job).attempts.last?.frozenSince
        .flatMap { Wire.time(from: $0) }.map { Date(timeIntervalSince1970: Double($0.rawValue) / 1e6) }
      return since != nil
    }
    guard let since else { throw Failure(description: "job \(job) is not frozen") }
    return since
  }

  /// Returns when a job is not frozen any more.
  func waitForThaw(of job: String) async throws {
    try await wait(until: "job \(job) goes on") {
      try await answer(JobDetail.self, "show", job).attempts.last?.frozenSince == nil
    }
  }
}

extension WhyView {
  /// The gates that it is behind; empty if it does not wait.
  var closed: [GateVerdict.Gate] { explanation?.gates.filter { !$0.isOpen }.map(\.gate) ?? [] }
}
