import CMillrace
import CMillraceLinux.Libc

/// What a plugin says of itself, as JSON.
enum Manifest {
  /// The most bytes that a manifest may have.
  static let maximumSize = 1 << 20

  /// Writes the manifest of a library into `target` and returns its length.
  ///
  /// - Throws: what is wrong with a text or a name of it.
  static func write(
    _ library: PluginLibrary, named name: String, to target: UnsafeMutableRawBufferPointer
  ) throws(HostError) -> Int {
    try refuseDuplicates(in: library, named: name)
    var json = JSONWriter(target)
    let plugin = library.plugin
    json.object { json in
      json.key("abi")
      json.number(Int64(plugin.abi))
      json.key("name")
      json.text(plugin.name)
      json.key("version")
      json.text(plugin.version)
      json.key("has_warm_up")
      json.boolean(plugin.warm_up != nil)
      json.key("is_warm")
      json.boolean(plugin.flags & UInt32(MILLRACE_WARM) != 0)
      json.key("has_files")
      json.boolean(plugin.flags & UInt32(MILLRACE_HAS_FILES) != 0)
      json.key("is_unfinished")
      json.boolean(plugin.flags & UInt32(MILLRACE_UNFINISHED) != 0)
      json.key("problems")
      json.array { json in
        var problem = plugin.problems
        while let text = problem?.pointee {
          json.element()
          json.text(text)
          problem = problem.map { $0 + 1 }
        }
      }
      json.key("handlers")
      json.array { json in
        for index in 0..<library.handlers.count {
          json.element()
          describe(library.handlers[index], in: &json)
        }
      }
    }
    switch json.problem {
    case nil: return json.length
    case .tooLong:
      throw HostError(
        "the manifest of plugin `\(name)` has more than \(maximumSize) bytes",
        hint: "shorten its summaries and schemas")
    case .notUTF8:
      throw HostError(
        "plugin `\(name)` describes itself in a text that is not UTF-8",
        hint: "save its source as UTF-8; each text ends with a zero byte")
    }
  }

  private static func describe(_ handler: millrace_handler, in json: inout JSONWriter) {
    json.object { json in
      json.key("name")
      json.text(handler.name)
      json.key("summary")
      json.text(handler.summary)
      json.key("parameter_schema")
      json.text(handler.parameter_schema)
      json.key("limits")
      json.object { json in
        let limits = handler.limits?.pointee ?? millrace_limits()
        json.key("memory_bytes")
        json.number(limits.memory_bytes)
        json.key("cpu_millis")
        json.number(limits.cpu_millis)
        json.key("pids")
        json.number(limits.pids)
      }
      json.key("timeout_ms")
      json.number(handler.timeout_ms)
      json.key("max_attempts")
      json.number(Int64(handler.max_attempts))
      json.key("retry_delay_ms")
      json.number(handler.retry_delay_ms)
      json.key("concurrency")
      json.number(handler.concurrency)
      json.key("has_unrelated_jobs")
      json.boolean(handler.flags & UInt32(MILLRACE_UNRELATED_JOBS) != 0)
      json.key("is_never_warm")
      json.boolean(handler.flags & UInt32(MILLRACE_NEVER_WARM) != 0)
      json.key("has_prepare")
      json.boolean(handler.prepare != nil)
    }
  }

  private static func refuseDuplicates(in library: PluginLibrary, named name: String) throws(HostError) {
    for index in 1..<max(1, library.handlers.count) {
      guard let handler = library.handlers[index].name else { continue }
      for earlier in 0..<index where strcmp(library.handlers[earlier].name, handler) == 0 {
        throw HostError(
          "plugin `\(name)` has two handlers named `\(String(cString: handler))`",
          hint: "give each handler a name of its own")
      }
    }
  }
}
