import ArgumentParser
import MillraceCore
import MillraceSimulator

/// `millrace simulate`: the real scheduler on a made-up machine.
struct SimulateCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "simulate",
    abstract: "Try a policy: the real scheduler on a made-up machine, in seconds instead of days.",
    discussion: """
      examples:
        millrace simulate --swf KTH-SP2.swf.gz --processors 100 --policy default -o json
        millrace simulate --swf KTH-SP2.swf.gz --processors 100 --against policy=easy

      Settings: \(PolicySettings.all.map(\.name).joined(separator: ", ")).
      """)

  @OptionGroup(title: "A trace") var trace: TraceOptions
  @OptionGroup(title: "Policy") var policies: PolicyOptions

  @Option(name: [.short, .long], help: "table or json.")
  var output: OutputFormat = .table

  func validate() throws {
    guard [.table, .json].contains(output) else { throw ValidationError("`--output` is table or json here") }
    guard trace.swf != nil else { throw ValidationError("say what to simulate: --swf") }
    try trace.check()
  }

  func run() async throws {
    let results = try trace.replay(policies)
    try SimulationSheet(results: results).print(as: output)
  }
}

/// Which policies are tried.
struct PolicyOptions: ParsableArguments {
  @Option(help: "The policy: fcfs, easy, default or slowdown.")
  var policy: Policy.Preset = .default

  @Option(name: .customLong("set"), help: "A setting: aging=10m, max_running=8. May be repeated.")
  var settings: [String] = []

  @Option(help: "A second policy, side by side with the first: settings over those of the first.")
  var against: [String] = []

  /// Returns the policies over a machine, by name.
  func policies(over machine: Policy) throws -> [(name: String, policy: Policy)] {
    var first = machine
    first.apply(policy)
    for setting in settings { try PolicySettings.apply(setting, to: &first) }
    guard !against.isEmpty else { return [(name(settings), first)] }
    var second = first
    for list in against { try PolicySettings.apply(list: list, to: &second) }
    return [(name(settings), first), (against.joined(separator: " "), second)]
  }

  private func name(_ settings: [String]) -> String { ([policy.rawValue] + settings).joined(separator: " ") }
}

/// A workload of others.
struct TraceOptions: ParsableArguments {
  @Option(help: "A trace in the Standard Workload Format, plain or compressed by gzip.")
  var swf: String?

  @Option(help: "How many processors its machine has.", transform: Quantities.count)
  var processors: Int?

  @Option(help: "Only so many of its jobs.", transform: Quantities.count)
  var first: Int?

  @Flag(help: "Leave lines out that can't be read, and count them.")
  var skipBroken = false

  @Option(help: "A file for the start of each job: job_id,start.")
  var starts: String?

  func check() throws {
    guard swf == nil || processors != nil else { throw ValidationError("`--swf` needs `--processors`") }
  }

  /// Replays the trace under each policy; the starts are those of the first.
  func replay(_ options: PolicyOptions) throws -> [SimulationResult] {
    guard let swf, let processors else { preconditionFailure("the options were checked") }
    let trace = try SWFTrace(
      try WorkloadFile(reading: swf), processors: processors, skipsBroken: skipBroken)
    let jobs = first.map { Array(trace.jobs.prefix($0)) } ?? trace.jobs
    let machine = SWFTrace.policy(options.policy, processors: processors)
    return try options.policies(over: machine).enumerated().map { place, entry in
      var replay = Replay(jobs, policy: entry.policy, keepsStarts: starts != nil && place == 0)
      try replay.run()
      if let starts, place == 0 { try OutputFile.write(Self.text(of: replay.starts), to: starts) }
      var result = SimulationResult(entry.name, replay.figures)
      (result.dropped, result.brokenLines) = (trace.dropped, trace.broken.count)
      return result
    }
  }

  private static func text(of starts: [(number: Int64, time: Timestamp)]) -> String {
    starts.sorted { $0.number < $1.number }.reduce(into: "job_id,start\n") { text, start in
      text += "\(start.number),\(start.time.rawValue / 1_000_000)\n"
    }
  }
}

extension Policy.Preset: ExpressibleByArgument {}
