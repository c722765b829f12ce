import ArgumentParser
import MillraceClient
import MillraceCore
import MillraceWire

/// `millrace handlers list`: what jobs can be asked for.
struct HandlersListCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "list",
    abstract: "List what can be run, or show one handler with its parameters.",
    discussion: """
      examples:
        millrace handlers
        millrace handlers checksum

      Files in the plugin directory that were refused are told on standard error, with the reason; so are \
      the mistakes in the files of settings beside the plugins.
      """)

  @Argument(help: "Only this one, with its parameters.")
  var name: String?

  @OptionGroup var runner: RunnerOptions
  @OptionGroup var format: OutputOptions

  func run() throws {
    let view = try runner.client.handlers()
    let rows = view.plugins.flatMap { plugin in
      plugin.handlers.map { HandlerRow(plugin: plugin, handler: $0) }
    }
    guard let name else {
      try format.print(rows, as: .handlers, page: view)
      for refused in view.refused {
        StandardError.note("refused `\(refused.path)`: \(refused.reason)".printable)
      }
      for plugin in view.plugins { Self.note(plugin) }
      for row in rows { Self.note(row.handler) }
      return
    }
    guard let row = rows.first(where: { $0.handler.name == name }) else {
      let known = rows.map(\.handler.name).sorted().joined(separator: ", ")
      throw CommandError(
        .notFound, "there is no handler `\(name)`", hint: known.isEmpty ? nil : "there are: \(known)")
    }
    try format.print(one: row, as: .handlers, json: row.handler) { paint in
      let parameters = Parameter.all(of: row.handler.parameterSchema)
      let card = Table.handlers.card(row, paint: paint)
      return card
        + (parameters.isEmpty
          ? "\nit takes no parameters\n"
          : "\n" + Table.parameters.lines(parameters, wide: true, paint: paint))
    }
  }
}

extension HandlersListCommand {
  /// Tells of a plugin whose file is not what serves.
  private static func note(_ plugin: PluginView) {
    guard let standsIn = plugin.standsIn else { return }
    let why =
      standsIn.quarantine.map { "is in quarantine since \(Figures.time($0.since)): \($0.reason)" }
      ?? "was rolled back"
    StandardError.note(
      """
      build \(Figures.build(standsIn.sha256)) of plugin `\(plugin.name)` \(why); \
      \(Figures.build(plugin.sha256)) serves in its place
      """.printable)
  }

  /// Tells of a handler that is not tried.
  private static func note(_ handler: HandlerView) {
    guard let breaker = handler.breaker, breaker.phase != .closed else { return }
    let time = breaker.opensAt.map { ", one is tried at \(Figures.time($0))" } ?? ", one is tried"
    StandardError.note("the breaker of `\(handler.name)` is open after \(breaker.failures) failures\(time)")
  }
}

/// A handler with the plugin that has it.
struct HandlerRow: Encodable {
  var plugin: PluginView
  var handler: HandlerView

  private enum CodingKeys: String, CodingKey { case plugin, pluginVersion }

  func encode(to encoder: any Encoder) throws {
    try handler.encode(to: encoder)
    var container = encoder.container(keyedBy: CodingKeys.self)
    try container.encode(plugin.name, forKey: .plugin)
    try container.encode(plugin.version, forKey: .pluginVersion)
  }
}

extension Table where Row == HandlerRow {
  /// Handlers, a line each; limits that are not said are the runner's.
  static var handlers: Table {
    Table(
      [
        Column("HANDLER", "name") { $0.handler.name },
        Column("PLUGIN", "plugin") { $0.plugin.name },
        Column("VERSION", "plugin_version") { $0.plugin.version },
        Column("MEMORY", "memory_bytes", .right, wide: true, raw: { Figures.raw($0.handler.memoryBytes) }) {
          Figures.bytes($0.handler.memoryBytes)
        },
        Column("CPU", "cpu_millis", .right, wide: true, raw: { Figures.raw($0.handler.cpuMillis) }) {
          Figures.processors($0.handler.cpuMillis)
        },
        Column("PIDS", "pids", .right, wide: true) { Figures.raw($0.handler.pids) },
        Column(
          "TIMEOUT", "timeout_seconds", .right, wide: true, raw: { Figures.raw($0.handler.timeoutSeconds) }
        ) { Figures.span($0.handler.timeoutSeconds) },
        Column("ATTEMPTS", "max_attempts", .right, wide: true) { Figures.raw($0.handler.maxAttempts) },
        Column("CONCURRENCY", "concurrency", .right, wide: true) { Figures.raw($0.handler.concurrency) },
        Column("RATE", "rate", .right, wide: true) { $0.handler.rate ?? "" },
        Column("BREAKER", "breaker", wide: true) { $0.handler.breaker?.phase.rawValue ?? "" },
        Column("STATE", "state", wide: true) { row in
          row.handler.station.map { "\($0.state) by \($0.by ?? "")" } ?? ""
        },
        Column("SUMMARY", "summary") { row in
          let state = row.handler.station.map { "(\($0.state)) " } ?? ""
          return state + row.handler.summary
        },
        Column("BUILD", "sha256", wide: true, raw: { $0.plugin.sha256 }) { Figures.build($0.plugin.sha256) },
        Column("FILE", "path", wide: true) { $0.plugin.path },
      ], id: { $0.handler.name })
  }
}
