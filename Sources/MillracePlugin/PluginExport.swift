internal import CMillrace
internal import FoundationEssentials
private import Synchronization

/// The way out of a Swift plugin: describes its handlers to Millrace and runs them.
///
/// A plugin exports one function, in one place of its sources:
///
/// ```swift
/// @c(millrace_plugin_describe)
/// public func describe() -> UnsafeRawPointer {
///   PluginExport.describe(name: "greet", version: "1.0.0", handlers: [Greet.self])
/// }
/// ```
public enum PluginExport {
  /// Returns the description that `millrace_plugin_describe` hands to Millrace, a `millrace_plugin` of
  /// millrace.h.
  ///
  /// It is made at the first call and lives as long as the process.
  /// - Parameters:
  ///   - name: the plugin's name: 1 to 64 of `a-z 0-9 - _ .`, a letter first.
  ///   - version: as its author counts, such as `1.2.0`.
  ///   - handlers: what it can do.
  /// - Returns: the description.
  public static func describe(
    name: String, version: String, handlers: [any Handler.Type]
  ) -> UnsafeRawPointer {
    exports.withLock { exports in
      if let description = exports.descriptions[name] { return description.pointer }
      for handler in handlers { exports.handlers[handler.name] = handler }
      let description = Description(pointer: makePlugin(name: name, version: version, handlers: handlers))
      exports.descriptions[name] = description
      return description.pointer
    }
  }

  /// What this process exports.
  private struct Exports {
    var handlers: [String: any Handler.Type] = [:]
    var descriptions: [String: Description] = [:]
  }

  /// A description that nobody changes or frees.
  private struct Description: @unchecked Sendable {
    // SAFETY: the memory behind it is never written again.
    let pointer: UnsafeRawPointer
  }

  private static let exports = Mutex(Exports())

  // MARK: Describing

  private static func makePlugin(
    name: String, version: String, handlers: [any Handler.Type]
  ) -> UnsafeRawPointer {
    var plugin = millrace_plugin()
    plugin.size = MemoryLayout<millrace_plugin>.size
    plugin.abi = UInt32(MILLRACE_ABI)
    plugin.name = name.asCString()
    plugin.version = version.asCString()
    plugin.handlers = forever(handlers.map(makeHandler))
    plugin.handler_count = handlers.count
    return UnsafeRawPointer(forever([plugin]))
  }

  private static func makeHandler(_ type: any Handler.Type) -> millrace_handler {
    var handler = millrace_handler()
    handler.size = MemoryLayout<millrace_handler>.size
    handler.name = type.name.asCString()
    handler.summary = type.summary.asCString()
    handler.parameter_schema = type.schema?.asCString()
    handler.run = { job, host in
      guard let job, let host else { return Int32(MILLRACE_FAILED) }
      return PluginExport.run(Context(job: job, host: host))
    }
    handler.limits = forever([makeLimits(type.limits)])
    handler.timeout_ms = type.timeout?.milliseconds ?? 0
    handler.max_attempts = Int32(clamping: type.retry.attempts ?? 0)
    handler.retry_delay_ms = type.retry.delay?.milliseconds ?? 0
    handler.concurrency = Int64(type.concurrency ?? 0)
    handler.flags = type.hasUnrelatedJobs ? UInt32(MILLRACE_UNRELATED_JOBS) : 0
    return handler
  }

  private static func makeLimits(_ limits: DefaultLimits) -> millrace_limits {
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

  // MARK: Running

  private static func run(_ context: Context) -> Int32 {
    guard let type = exports.withLock({ $0.handlers[context.handler] }) else {
      return context.fail(
        JobFailure("no_handler", "this plugin has no handler `\(context.handler)`", isRetryable: false))
    }
    do {
      return context.finish(try run(type, in: context))
    } catch let wish as Snooze {
      return context.snooze(wish)
    } catch {
      return context.fail(JobFailure(error))
    }
  }

  private static func run<Kind: Handler>(_ type: Kind.Type, in context: Context) throws -> JobResult {
    let parameters: Kind.Parameters
    do {
      parameters = try JSONDecoder().decode(Kind.Parameters.self, from: context.parameters)
    } catch {
      throw JobFailure(parameters: error)
    }
    return try Kind().run(parameters, in: context)
  }
}

extension Duration {
  /// Whole milliseconds; what is beneath one is cut off.
  var milliseconds: Int64 {
    let (seconds, attoseconds) = components
    return seconds * 1000 + attoseconds / 1_000_000_000_000_000
  }
}
