import ArgumentParser
import Foundation
import MillraceLinux

/// `end-to-end`: whole jobs, from the request on the socket to the durable end, beside the raw limit.
struct EndToEndCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "end-to-end",
    abstract: "Measure jobs from the request on the socket to the durable end, beside the raw limit.")

  @OptionGroup var runner: RunnerOptions
  @Option(help: "The program made of limit/limit.c.") var limit: String
  @Option(name: .customLong("measure"), help: "A tier that is measured. May be repeated.")
  var tiers = Tier.ofProbe
  @Option(help: "How the lane is called in the table.") var lane: String
  @Flag(help: "Hold nothing against targets, which are for a whole machine.") var withoutTargets = false
  @Option(help: "How often all are measured in turn.") var rounds = 5
  @Option(help: "Jobs of a batch.") var jobs = 3000
  @Option(help: "Jobs one by one in a round.") var single = 200
  @Flag(help: "Print `tier handler mode jobs nanoseconds` for each round instead of rows.") var raw = false

  /// One way to have jobs done.
  private struct Load: Hashable {
    var handler: String
    var milliseconds: Int
    var isBatch: Bool

    static let all = [
      Load(handler: "noop", milliseconds: 0, isBatch: true),
      Load(handler: "nap", milliseconds: 10, isBatch: true),
      Load(handler: "noop", milliseconds: 0, isBatch: false),
      Load(handler: "nap", milliseconds: 10, isBatch: false),
    ]

    var name: String {
      (milliseconds == 0 ? "no-op jobs" : "\(milliseconds) ms jobs")
        + (isBatch ? ", a batch" : ", one by one")
    }
    var mode: String { isBatch ? "batch" : "single" }
    /// What the whole way must reach; nil if that is not said.
    var target: (rate: Double, ofLimit: Double)? { isBatch && milliseconds == 0 ? (1500, 0.4) : nil }
  }

  private struct Course {
    let tier: Tier
    let process: RunnerProcess
    var rates: [Load: Rates] = [:]
    var limits: [Load: Rates] = [:]
    var attempts = 0
  }

  func run() async throws {
    guard mkdir(runner.directory, 0o711) == 0 else {
      throw BenchmarkError("cannot make `\(runner.directory)`: \(String(cString: strerror(errno)))")
    }
    var courses: [Course] = []
    defer { for course in courses { course.process.stop() } }
    for tier in tiers {
      var options = runner
      options.tier = tier
      options.directory += "/\(tier.rawValue)"
      courses.append(Course(tier: tier, process: try await RunnerProcess(options)))
    }
    for round in 0...rounds {
      for load in Load.all {
        for index in courses.indices { try measure(load, &courses[index], isWarmUp: round == 0) }
      }
    }
    for course in courses {
      try course.process.check(attempts: course.attempts)
      if !raw { for load in Load.all { report(load, course) } }
    }
  }

  /// The limit, then the jobs.
  private func measure(_ load: Load, _ course: inout Course, isWarmUp: Bool) throws {
    let full = load.isBatch ? jobs : single
    let count = isWarmUp ? max(full / 10, runner.slots) : full
    let limit = RawLimit(
      program: limit, group: try CgroupMount.current().path + "/millrace-bench-limit-\(getpid())")
    let raw: Int64
    let span: Int64
    if load.isBatch {
      raw = try limit.span(
        course.tier.limit, count: count, atOnce: runner.slots, milliseconds: load.milliseconds)
      span = try course.process.runBatch(load.handler, count)
    } else {
      raw = try limit.times(course.tier.limit, count: count, milliseconds: load.milliseconds).reduce(0, +)
      span = try course.process.runOneByOne(load.handler, count).reduce(0, +)
    }
    course.attempts += count
    guard !isWarmUp else { return }
    if self.raw {
      print("limit-\(course.tier.rawValue) \(load.handler) \(load.mode) \(count) \(raw)")
      print("\(course.tier.rawValue) \(load.handler) \(load.mode) \(count) \(span)")
    }
    course.limits[load, default: Rates()].add(count, in: raw)
    course.rates[load, default: Rates()].add(count, in: span)
  }

  private func report(_ load: Load, _ course: Course) {
    guard let rates = course.rates[load], let limits = course.limits[load] else { return }
    let share = rates.median / limits.median
    let target = (withoutTargets ? nil : load.target).map { target in
      "≥ \(Int(target.rate)) jobs/s: \(rates.median >= target.rate ? "met" : "missed"); "
        + "≥ \(target.ofLimit) of the limit: \(share >= target.ofLimit ? "met" : "missed")"
    }
    Row(
      what: "end to end, \(load.name), \(course.tier.name), against \(course.tier.limit.rawValue)",
      lane: lane,
      measured: rates.text, limit: limits.text, ratio: "\(fixed(share, decimals: 2)) of it",
      target: target ?? "–"
    ).show()
  }
}
