import ArgumentParser
import MillraceClient
import MillraceCore
import MillraceWire

/// `millrace handlers builds`: what the plugin of a handler was.
struct HandlersBuildsCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "builds",
    abstract: "List the builds of a handler's plugin, with what its attempts have shown of each.",
    discussion: """
      A build is a file in the plugin directory, known by its SHA-256. The newest comes first; `serving` is \
      what new attempts run. A regression is told when at least 20 attempts each show it clearly.
      """)

  @Argument(help: "The handler.")
  var name: String

  @OptionGroup var runner: RunnerOptions
  @OptionGroup var format: OutputOptions

  func run() throws {
    let view = try runner.client.builds(of: name)
    try format.print(view.builds, as: .builds, page: view)
    for build in view.builds {
      guard let quarantine = build.quarantine else { continue }
      StandardError.note("build \(Figures.build(build.sha256)): \(quarantine.reason)".printable)
    }
  }
}

extension Table where Row == BuildView {
  /// Builds of a plugin, a line each.
  static var builds: Table {
    Table(
      [
        Column("BUILD", "sha256", raw: { $0.sha256 }) { Figures.build($0.sha256) },
        Column("VERSION", "version") { $0.version ?? "" },
        Column("STATE", "state", tone: { $0.state.tone }) { $0.state.rawValue },
        Column("SINCE", "since", raw: { $0.since }) { Figures.time($0.since) },
        Column("ATTEMPTS", "attempts", .right) { "\($0.figures?.attempts ?? 0)" },
        Column("SUCCEEDED", "succeeded", .right) { "\($0.figures?.succeeded ?? 0)" },
        Column("RUN P50", "run_p50_seconds", .right, raw: { Figures.raw($0.figures?.runP50Seconds) }) {
          Figures.span($0.figures?.runP50Seconds)
        },
        Column("PEAK P95", "memory_p95_bytes", .right, raw: { Figures.raw($0.figures?.memoryP95Bytes) }) {
          Figures.bytes($0.figures?.memoryP95Bytes)
        },
        .regressions { $0.figures?.regressions },
        Column("OUTCOMES", "outcomes", wide: true) {
          Figures.labels(($0.figures?.outcomes ?? [:]).mapValues { "\($0)" })
        },
        Column("SIGNER", "signer", wide: true) { $0.signer ?? "" },
        Column("REASON", "reason", wide: true) { $0.quarantine?.reason ?? "" },
      ], id: { $0.sha256 })
  }
}

extension BuildStanding.State {
  fileprivate var tone: Tone {
    switch self {
    case .serving: .good
    case .quarantined: .bad
    case .rolledBack, .earlier, .gone: .plain
    }
  }
}
