internal import CMillrace
internal import Glibc
private import Synchronization

/// The way out of a Swift plugin: describes its handlers to Millrace and runs them.
///
/// A plugin exports one function, by one line in one place of its sources:
///
/// ```swift
/// @c(millrace_plugin_describe)
/// public func describe() -> UnsafeRawPointer { PluginExport.describe(Greet.self, version: "1.0.0") }
/// ```
public enum PluginExport {
  /// Returns the description that `millrace_plugin_describe` hands to Millrace, a `millrace_plugin` of
  /// millrace.h.
  ///
  /// It is made at the first call and lives as long as the process. A handler that can't be described (no
  /// schema can be derived from its parameters) makes it one that says why; Millrace then refuses the
  /// plugin with that reason.
  /// - Parameters:
  ///   - handlers: what it can do.
  ///   - name: the plugin's name: 1 to 64 of `a-z 0-9 - _ .`, a letter first; nil for that of its first
  ///     handler.
  ///   - version: as its author counts, such as `1.2.0`.
  /// - Returns: the description.
  public static func describe(
    _ handlers: any Handler.Type..., name: String? = nil, version: String
  ) -> UnsafeRawPointer {
    let name = name ?? handlers.first?.name ?? ""
    return exports.withLock { exports in
      if let description = exports.descriptions[name] { return description.pointer }
      for handler in handlers { exports.handlers[handler.name] = handler }
      let plugin = PluginDescription(name: name, version: version, handlers: handlers)
      let description = Description(pointer: UnsafeRawPointer(plugin.forever()))
      exports.descriptions[name] = description
      exports.warmHandlers += handlers.compactMap { $0 as? any WarmHandler.Type }
      return description.pointer
    }
  }

  /// What this process exports.
  private struct Exports {
    var handlers: [String: any Handler.Type] = [:]
    var warmHandlers: [any WarmHandler.Type] = []
    var descriptions: [String: Description] = [:]
  }

  /// A description that nobody changes or frees.
  private struct Description: @unchecked Sendable {
    // SAFETY: the memory behind it is never written again.
    let pointer: UnsafeRawPointer
  }

  private static let exports = Mutex(Exports())

  // MARK: What Millrace calls

  /// Does a job; returns what `run` returns to Millrace.
  static func run(_ context: Context) -> Int32 {
    guard let type = exports.withLock({ $0.handlers[context.handler] }) else {
      return context.fail(
        JobFailure("no_handler", "this plugin has no handler `\(context.handler)`", isRetryable: false))
    }
    do {
      return context.finish(try HandlerRun(context).result(of: type))
    } catch let wish as Snooze {
      return context.snooze(wish)
    } catch {
      return context.fail(JobFailure(error))
    }
  }

  /// Warms the handlers up; returns what `warm_up` returns.
  static func warmUp() -> Int32 {
    exports.withLock { $0.warmHandlers }.map { type in
      attempt("warm `\(type.name)` up") { try type.warmUp() }
    }.max() ?? Int32(MILLRACE_OK)
  }

  /// Makes the handler of this place among those with keys ready for one; returns what `prepare` returns.
  static func prepare(place: Int, key: UnsafePointer<CChar>?) -> Int32 {
    let types = exports.withLock { $0.warmHandlers }.compactMap { $0 as? any AffinityHandler.Type }
    guard let key, types.indices.contains(place) else { return Int32(MILLRACE_FAILED) }
    let text = String(cString: key)
    return attempt("prepare `\(types[place].name)` for `\(text)`") { try types[place].prepare(text) }
  }

  /// Says on standard error, which the runner logs, why something could not be done.
  private static func attempt(_ what: String, _ body: () throws -> Void) -> Int32 {
    do {
      try body()
      return Int32(MILLRACE_OK)
    } catch {
      let line = "cannot \(what): \(error)\n"
      _ = write(STDERR_FILENO, line, line.utf8.count)
      return Int32(MILLRACE_FAILED)
    }
  }
}
