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
        millrace simulate --since 7d --against max_running=8
        millrace simulate --since 7d --memory 16G --set aging=10m --against policy=slowdown
        millrace simulate --swf KTH-SP2.swf.gz --processors 100 --policy easy -o json
        millrace simulate --tasks tasks.csv --cpus 32 --memory 64G --admission learned
        millrace simulate --generate 1000 --cpus 32 --memory 64G --against admission=requested
        millrace simulate --seed 1 --seeds 1000
        millrace simulate --schedules --seeds 1000
        millrace simulate --nodes 1000 --jobs 100000 --failures 200

      Without a workload it makes one from the seed, with faults, and checks every rule of the scheduler at \
      each step. `--set` and `--against` take: \(PolicySettings.all.map(\.name).joined(separator: ", ")).
      """)

  @OptionGroup(title: "One's own history") var history: HistoryOptions
  @OptionGroup(title: "A trace") var trace: TraceOptions
  @OptionGroup(title: "Tasks") var tasks: TaskOptions
  @OptionGroup(title: "From a seed") var seeds: SeedOptions
  @OptionGroup(title: "A cluster") var cluster: ClusterOptions
  @OptionGroup(title: "Machine and policy") var policies: PolicyOptions

  @Option(name: [.short, .long], help: "table or json.")
  var output: OutputFormat = .table

  private enum Source { case history, trace, tasks, seeds }

  private var sources: [Source] {
    (history.since != nil ? [.history] : []) + (trace.swf != nil ? [.trace] : [])
      + (tasks.tasks != nil ? [.tasks] : []) + (tasks.generate != nil ? [.tasks] : [])
  }

  func validate() throws {
    guard [.table, .json].contains(output) else { throw ValidationError("`--output` is table or json here") }
    guard sources.count <= 1 else {
      throw ValidationError("only one of --since, --swf, --tasks and --generate")
    }
    if seeds.schedules {
      guard sources.isEmpty, !policies.isGiven, seeds.jobs == nil, !seeds.trace else {
        throw ValidationError("`--schedules` goes with --seed, --seeds and --output alone")
      }
    }
    if cluster.nodes != nil {
      guard sources.isEmpty, !policies.isGiven, !seeds.schedules, seeds.seeds == 1 else {
        throw ValidationError("`--nodes` goes with --seed, --jobs, --failures, --outstanding and -o alone")
      }
    }
    try cluster.check()
    try trace.check()
    try tasks.check(policies)
  }

  func run() async throws {
    if seeds.schedules {
      let sheet = ScheduleTrialSheet(try seeds.trySchedules())
      try sheet.print(as: output)
      return try sheet.check()
    }
    if cluster.nodes != nil { return try cluster.run(seeds, as: output) }
    let results =
      switch sources.first ?? .seeds {
      case .history: try await history.replay(policies)
      case .trace: try trace.replay(policies)
      case .tasks: try tasks.replay(policies, seed: seeds.seed, skipsBroken: trace.skipBroken)
      case .seeds: try seeds.simulate(policies)
      }
    try SimulationSheet(results: results).print(as: output)
  }
}

/// The machine, and which policies are tried on it.
struct PolicyOptions: ParsableArguments {
  @Option(help: "The policy: fcfs, easy, default or slowdown.")
  var policy: Policy.Preset?

  @Option(help: "The machine's memory: 16G.", transform: Quantities.bytes)
  var memory: Bytes?

  @Option(help: "The machine's processors: 8, 0.5.", transform: Quantities.cpuMillis)
  var cpus: Int64?

  @Option(name: .customLong("set"), help: "A setting: aging=10m, max_running=8. May be repeated.")
  var settings: [String] = []

  @Option(help: "A second policy beside the first: settings over those of the first. May be repeated.")
  var against: [String] = []

  /// Whether anything is said of machine or policy.
  var isGiven: Bool {
    policy != nil || memory != nil || cpus != nil || !settings.isEmpty || !against.isEmpty
  }

  /// A policy by its name, with its settings.
  struct Entry {
    var name: String
    var settings: [String]
  }

  /// The policies that are tried.
  var entries: [Entry] {
    var first = policy.map { ["policy=\($0.rawValue)"] } ?? []
    if let memory { first.append("memory=\(memory.rawValue)") }
    if let cpus { first.append("cpu=\(Figures.processors(cpus))") }
    first += settings
    let name = ([policy?.rawValue ?? "default"] + settings).joined(separator: " ")
    guard !against.isEmpty else { return [Entry(name: name, settings: first)] }
    let second = against.flatMap { $0.split { $0 == "," || $0 == " " } }.map(String.init)
    return [
      Entry(name: name, settings: first),
      Entry(name: second.joined(separator: " "), settings: first + second),
    ]
  }

  /// Returns what a policy does over a machine.
  static func policy(_ entry: Entry, over machine: Policy) throws -> Policy {
    var policy = machine
    for setting in entry.settings { try PolicySettings.apply(setting, to: &policy) }
    return policy
  }
}

/// A workload of others.
struct TraceOptions: ParsableArguments {
  @Option(help: "A trace in the Standard Workload Format, plain or compressed by gzip.")
  var swf: String?

  @Option(help: "How many processors its machine has.", transform: Quantities.count)
  var processors: Int?

  @Option(help: "Only so many of its jobs.", transform: Quantities.count)
  var first: Int?

  @Flag(help: "Leave lines out that can't be read, and count them (also with `--tasks`).")
  var skipBroken = false

  @Option(help: "A file for the start of each job under the first policy: job_id,start.")
  var starts: String?

  func check() throws {
    guard swf == nil || processors != nil else { throw ValidationError("`--swf` needs `--processors`") }
  }

  /// Replays the trace under each policy.
  func replay(_ options: PolicyOptions) throws -> [SimulationResult] {
    guard let swf, let processors else { preconditionFailure("the options were checked") }
    let trace = try SWFTrace(
      try WorkloadFile(reading: swf), processors: processors, skipsBroken: skipBroken)
    let jobs = first.map { Array(trace.jobs.prefix($0)) } ?? trace.jobs
    let machine = SWFTrace.policy(.default, processors: processors)
    return try options.entries.enumerated().map { place, entry in
      let policy = try PolicyOptions.policy(entry, over: machine)
      var replay = Replay(jobs, policy: policy, keepsStarts: starts != nil && place == 0)
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
