import FoundationEssentials
import MillraceCore
import MillraceEngine
import Synchronization

@testable import MillraceLinux

/// A launcher that only describes: a file that says `plugin NAME HANDLER…` is a plugin of that name. One that
/// says `files NAME` has a handler for each of its own files, but for those that are bad.
final class FakeLauncher: Launcher {
  let events = AsyncStream<LaunchEvent> { $0.finish() }
  private let state = Mutex(State())

  private struct State {
    var described: [String] = []
    var slow: Set<String> = []
  }

  /// The contents that were described, in order.
  var described: [String] { state.withLock { $0.described } }

  /// Of which files, by what is in them, the description takes too long.
  func setSlow(_ texts: String...) { state.withLock { $0.slow = Set(texts) } }

  private func isSlow(_ text: String) -> Bool { state.withLock { $0.slow.contains(text) } }

  func takeOver(open: [KeptAttempt]) async throws -> [AttemptID] { [] }
  func launch(_ plan: LaunchPlan) async {}
  func release(_ attempts: [AttemptID]) async {}
  func audit(expecting: Set<AttemptID>) async -> Audit { Audit() }
  func terminate(_ attempt: AttemptID) async {}
  func kill(_ attempt: AttemptID) async {}
  func hosts() async -> [WarmHostState] { [] }
  func reclaim() async {}
  func freeze(_ attempt: AttemptID) async {}
  func thaw(_ attempt: AttemptID) async {}
  func sample() async -> (attempts: [AttemptID: UsageSample], machine: MachineSample) {
    ([:], MachineSample())
  }

  func describe(_ file: String) async throws -> Plugin {
    let text = String(decoding: try Data(contentsOf: URL(filePath: file)), as: UTF8.self)
    state.withLock { $0.described.append(text) }
    if isSlow(text) { throw LinuxError("describe", .missing("it did not describe itself in time")) }
    let words = text.split { $0 == " " || $0 == "\n" }.map(String.init)
    if words.count == 2, words[0] == "files" { return try described(words[1], file) }
    guard words.count >= 2, words[0] == "plugin" else {
      throw LinuxError("use the plugin `\(file)`", .malformed("it is garbage"))
    }
    let handlers = words[2...].map { Handler(name: $0, summary: "") }
    return Plugin(name: words[1], version: "1", sha256: "", path: file, handlers: handlers)
  }

  private func described(_ name: String, _ file: String) throws -> Plugin {
    let folder = PluginFolder(beside: file)
    var plugin = Plugin(name: name, version: "1", sha256: "", path: file, handlers: [])
    plugin.hasFiles = true
    for file in folder.names {
      let bytes = try Data(contentsOf: URL(filePath: "\(folder.path)/\(file)"))
      let text = String(decoding: bytes, as: UTF8.self)
      if text == "bad" {
        plugin.problems.append("\(file): it is bad")
      } else if isSlow(text) {
        plugin.problems.append("\(file): it takes too long")
        plugin.isUnfinished = true
      } else {
        plugin.handlers.append(Handler(name: String(file.dropLast(3)), summary: ""))
      }
    }
    return plugin
  }
}
