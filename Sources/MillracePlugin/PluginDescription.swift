internal import CMillrace

/// What Millrace is told of a plugin: the structs of millrace.h, made once and never freed.
struct PluginDescription {
  private var plugin = millrace_plugin()

  /// What Millrace calls to prepare for a key: it hands over the key alone, so that each handler needs a
  /// function of its own.
  private static let prepares: [@convention(c) (UnsafePointer<CChar>?) -> Int32] = [
    { PluginExport.prepare(place: 0, key: $0) }, { PluginExport.prepare(place: 1, key: $0) },
    { PluginExport.prepare(place: 2, key: $0) }, { PluginExport.prepare(place: 3, key: $0) },
    { PluginExport.prepare(place: 4, key: $0) }, { PluginExport.prepare(place: 5, key: $0) },
    { PluginExport.prepare(place: 6, key: $0) }, { PluginExport.prepare(place: 7, key: $0) },
  ]

  init(name: String, version: String, handlers: [any Handler.Type]) {
    plugin.size = MemoryLayout<millrace_plugin>.size
    plugin.abi = UInt32(MILLRACE_ABI)
    plugin.name = name.asCString()
    plugin.version = version.asCString()
    if handlers.contains(where: { $0 is any WarmHandler.Type }) {
      plugin.flags = UInt32(MILLRACE_WARM)
      plugin.warm_up = { PluginExport.warmUp() }
    }
    do {
      var places = Self.prepares[...]
      let described = try handlers.map { try Self.describe($0, prepares: &places) }
      plugin.handlers = Self.forever(described)
      plugin.handler_count = described.count
    } catch {
      plugin.refusal = String(describing: error).asCString()
    }
  }

  /// Returns the description where it stays.
  func forever() -> UnsafePointer<millrace_plugin> { Self.forever([plugin]) }

  private static func describe(
    _ type: any Handler.Type, prepares: inout ArraySlice<@convention(c) (UnsafePointer<CChar>?) -> Int32>
  ) throws -> millrace_handler {
    var handler = millrace_handler()
    handler.size = MemoryLayout<millrace_handler>.size
    handler.name = type.name.asCString()
    handler.summary = type.summary.asCString()
    do { handler.parameter_schema = try type.schema?.asCString() } catch {
      throw Refusal(description: "handler `\(type.name)`: \(error)")
    }
    handler.run = { job, host in
      guard let job, let host else { return Int32(MILLRACE_FAILED) }
      return PluginExport.run(Context(job: job, host: host))
    }
    handler.limits = forever([limits(type.limits)])
    handler.timeout_ms = type.timeout?.milliseconds ?? 0
    handler.max_attempts = Int32(clamping: type.retry.attempts ?? 0)
    handler.retry_delay_ms = type.retry.delay?.milliseconds ?? 0
    handler.concurrency = Int64(type.concurrency ?? 0)
    handler.flags = type.hasUnrelatedJobs ? UInt32(MILLRACE_UNRELATED_JOBS) : 0
    if type is any AffinityHandler.Type {
      guard let prepare = prepares.popFirst() else {
        throw Refusal(description: "more than \(Self.prepares.count) of its handlers have affinity keys")
      }
      handler.prepare = prepare
    }
    return handler
  }

  private static func limits(_ limits: DefaultLimits) -> millrace_limits {
    var result = millrace_limits()
    result.size = MemoryLayout<millrace_limits>.size
    result.memory_bytes = limits.memoryBytes ?? 0
    result.cpu_millis = limits.cpuMillis ?? 0
    result.pids = limits.pids ?? 0
    return result
  }

  /// Returns a copy of the elements that lives as long as the process.
  private static func forever<Element>(_ elements: [Element]) -> UnsafePointer<Element> {
    let copy = UnsafeMutableBufferPointer<Element>.allocate(capacity: max(1, elements.count))
    _ = copy.initialize(from: elements)
    return UnsafePointer(copy.baseAddress.unsafelyUnwrapped)
  }
}

/// Why a plugin can't be described.
private struct Refusal: Error, CustomStringConvertible {
  let description: String
}

extension Duration {
  /// Whole milliseconds; what is beneath one is cut off.
  var milliseconds: Int64 {
    let (seconds, attoseconds) = components
    return seconds * 1000 + attoseconds / 1_000_000_000_000_000
  }
}
