import FoundationEssentials
import MillraceCore

/// What `millrace-host` prints of a plugin that described itself.
struct Manifest: Decodable {
  var name: String
  var version: String
  var isWarm: Bool
  var hasWarmUp: Bool
  /// Not given by an older host, which a keeper may be that has outlived its runner.
  var hasFiles: Bool?
  var isUnfinished: Bool?
  var problems: [String]?
  var handlers: [HandlerManifest]

  struct HandlerManifest: Decodable {
    var name: String
    var summary: String?
    /// JSON Schema as text.
    var parameterSchema: String?
    var limits: LimitsManifest
    var timeoutMs: Int64
    var maxAttempts: Int
    var retryDelayMs: Int64
    var concurrency: Int
    var hasUnrelatedJobs: Bool
    /// Not given by an older host.
    var isNeverWarm: Bool?
    var hasPrepare: Bool
  }

  /// 0 stands for "not given".
  struct LimitsManifest: Decodable {
    var memoryBytes: Int64
    var cpuMillis: Int64
    var pids: Int64
  }

  /// Returns the plugin that a describing process told of; its SHA-256 is left empty.
  /// - Throws: `LinuxError` that says why the file is no plugin, or why that is not known.
  static func plugin(from report: AttemptReport, file: String, isLate: Bool) throws -> Plugin {
    func refused(_ why: String) -> LinuxError {
      LinuxError("use the plugin `\(file)`", .malformed(why), hint: "millrace-host describe \(file)")
    }
    func undescribed(_ why: String) -> LinuxError {
      LinuxError("describe the plugin `\(file)`", .missing(why))
    }
    switch (report.word, report.exit) {
    case (.failed(let failure), _):
      throw failure.isRetryable ? undescribed(failure.message) : refused(failure.message)
    case (.done(let result?), .exited(code: 0)), (.done(let result?), nil):
      return try plugin(from: result.bytes, file: file, refused: refused)
    case _ where isLate:
      throw undescribed("it did not describe itself within 15 s")
    case (_, nil):
      throw undescribed("its process was lost")
    case _ where (report.usage.oomKills ?? 0) > 0:
      throw refused("it took over 256 MiB of memory while it was described")
    case (_, .signalled(let signal)):
      throw refused("it crashed while it was described: signal \(signal)")
    default:
      throw refused("it ended while it was described")
    }
  }

  /// Returns the plugin that a manifest tells of; its SHA-256 is left empty.
  /// - Throws: what `refused` makes of the reason why it is none.
  static func plugin(
    from bytes: [UInt8], file: String, refused: (String) -> LinuxError
  ) throws -> Plugin {
    let decoder = JSONDecoder()
    decoder.keyDecodingStrategy = .convertFromSnakeCase
    let manifest: Manifest
    do {
      manifest = try decoder.decode(Manifest.self, from: Data(bytes))
    } catch {
      throw refused("its description can't be read: \(error)")
    }
    guard Handler.isValidName(manifest.name) else {
      throw refused("`\(manifest.name)` is no name for a plugin")
    }
    let names = manifest.handlers.map(\.name)
    guard Set(names).count == names.count else { throw refused("it has two handlers of one name") }
    var problems = manifest.problems ?? []
    let hasFiles = manifest.hasFiles ?? false
    let handlers: [Handler] = try manifest.handlers.compactMap { handler in
      do { return try handler.described } catch {
        let reason = "handler `\(handler.name)`: \((error as? Refusal)?.message ?? "\(error)")"
        // One of many files is no reason to do without the others.
        guard hasFiles else { throw refused(reason) }
        problems.append(reason)
        return nil
      }
    }
    var plugin = Plugin(
      name: manifest.name, version: manifest.version, sha256: "", path: file, handlers: handlers)
    plugin.isWarm = manifest.isWarm
    plugin.hasWarmUp = manifest.hasWarmUp
    plugin.hasFiles = hasFiles
    plugin.isUnfinished = manifest.isUnfinished ?? false
    plugin.problems = problems
    return plugin
  }
}

extension Manifest.HandlerManifest {
  /// The longest time that a handler may ask for, in ms: 1000 years. The core counts in microseconds.
  private static let longest: Int64 = 1000 * 366 * 86_400_000

  /// What is wrong first with a text that is no JSON, and where, for its author.
  private static func firstMistake(in text: String) -> String {
    do throws(NoJSON) {
      _ = try PlacedJSON.tree(of: Array(text.utf8))
      return "this is no JSON"
    } catch {
      return error.message + (error.place.map { " in line \($0.line), column \($0.column)" } ?? "")
    }
  }

  /// The handler in the core's words; its schema is one that Millrace can check.
  fileprivate var described: Handler {
    get throws {
      guard Handler.isValidName(name) else { throw Refusal(.invalid, "that is no name for a handler") }
      let times = [timeoutMs, retryDelayMs]
      guard times.allSatisfy({ $0 <= Self.longest }) else {
        throw Refusal(.invalid, "a time of it is over 1000 years")
      }
      let schema = try parameterSchema.map { text in
        do { return try JSONDecoder().decode(JSONValue.self, from: Data(text.utf8)) } catch {
          throw Refusal(.invalid, "its parameter schema: \(Self.firstMistake(in: text))")
        }
      }
      if let schema { _ = try ParameterSchema(schema) }
      func given<Number: BinaryInteger>(_ value: Number) -> Number? { value > 0 ? value : nil }
      var handler = Handler(
        name: name, summary: summary ?? "", parameterSchema: schema,
        wishes: Wishes(
          memory: given(limits.memoryBytes).map { Bytes($0) }, cpuMillis: given(limits.cpuMillis),
          pids: given(limits.pids), timeout: given(timeoutMs).map { .milliseconds($0) },
          maxAttempts: given(maxAttempts), retryDelay: given(retryDelayMs).map { .milliseconds($0) }),
        concurrency: given(concurrency))
      handler.hasUnrelatedJobs = hasUnrelatedJobs
      handler.isNeverWarm = isNeverWarm ?? false
      handler.preparesForKeys = hasPrepare
      return handler
    }
  }
}
