import Logging
import MillraceCore
import MillraceEngine
import MillraceLinux
import MillraceTracing
import ServiceLifecycle

/// The engine as a part of the runner: a graceful stop drains it.
struct EngineService: Service {
  let engine: Engine
  let drain: Duration
  let log: Logger

  func run() async throws {
    try await withGracefulShutdownHandler {
      try await engine.run()
    } onGracefulShutdown: {
      Task {
        log.notice("stopping: no new jobs, waiting for the running ones")
        let left = await engine.drain(atMost: drain)
        if left > 0 { log.notice("jobs go on without the runner", metadata: ["running": "\(left)"]) }
        await engine.stop()
      }
    }
  }
}

/// The watch over the plugin directory as a part of the runner.
struct PluginService: Service {
  let plugins: PluginDirectory

  func run() async throws { try await cancelWhenGracefulShutdown { try await plugins.run() } }
}

/// The watch over schedules and calendars in files as a part of the runner.
struct ScheduleFilesService: Service {
  let schedules: ScheduleDirectory

  func run() async throws { try await cancelWhenGracefulShutdown { try await schedules.run() } }
}

/// The keeping of the record as a part of the runner.
struct KeepingService: Service {
  let keeper: RecordKeeper

  func run() async throws { await cancelWhenGracefulShutdown { await keeper.run() } }
}

/// The trimming of this process's memory as a part of the runner.
struct HeapService: Service {
  func run() async throws { await cancelWhenGracefulShutdown { await Heap.keepTrim() } }
}

/// The spans as a part of the runner: they are written until the engine has stopped.
struct TraceService: Service {
  let traces: TraceWriter

  func run() async throws { await cancelWhenGracefulShutdown { await traces.run() } }
}

extension Engine {
  /// The SHA-256 of the plugins in use; nil while none is: then nobody has looked yet.
  var buildsInUse: Set<String>? {
    let plugins = catalog().plugins
    return plugins.isEmpty ? nil : Set(plugins.map(\.sha256))
  }
}
