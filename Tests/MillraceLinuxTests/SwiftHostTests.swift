import Foundation
import Glibc
import MillraceCore
import MillraceEngine
import TestSupport
import Testing

@testable import MillraceLinux

extension StageTests {
  /// Handlers in Swift in warm hosts with a real keeper, natively.
  @Suite struct SwiftHostTests {
    private static let source = #"""
      import Glibc
      import MillracePlugin
      import Synchronization

      struct Greeter: AffinityHandler {
        static let name = "greets"
        static let summary = "Tells what its host has done"
        static let known = Mutex((host: Int32(0), warmUps: 0, greeting: "-", preparations: 0))

        static func warmUp() {
          known.withLock { ($0.host, $0.warmUps) = (getpid(), $0.warmUps + 1) }
        }

        static func prepare(_ key: String) throws {
          guard key != "nobody" else { throw JobFailure("nobody", "nobody is to be greeted") }
          known.withLock { ($0.greeting, $0.preparations) = ("hello-" + key, $0.preparations + 1) }
        }

        func run(_ parameters: NoParameters, in context: Context) async throws -> String {
          // A fork has to come to threads of its own.
          let sum = try await withThrowingTaskGroup(of: Int.self) { group in
            for number in 1...4 {
              group.addTask {
                try await Task.sleep(for: .milliseconds(1))
                return number
              }
            }
            return try await group.reduce(0, +)
          }
          let words = Self.known.withLock {
            "\($0.host) \($0.warmUps) \($0.greeting) \($0.preparations)"
          }
          return "\(words) \(sum) \(context.affinity ?? "-")"
        }
      }

      @c(millrace_plugin_describe)
      public func describe() -> UnsafeRawPointer { PluginExport.describe(Greeter.self, version: "1.0.0") }
      """#

    /// Puts a plugin where jobs can read it, and has it describe itself.
    private static func install(_ built: SwiftPlugin, _ stage: Stage, _ actor: Stage.Actor) async throws
      -> Plugin
    {
      let path = stage.directory.path + "/libswift.so"
      try FileManager.default.copyItem(atPath: built.library, toPath: path)
      chmod(path, 0o755)
      var plugin = try await actor.launcher.describe(path)
      plugin.sha256 = path
      return plugin
    }

    @Test("a warm-up runs once in the host, `prepare` for each key, and the jobs await as ever")
    func affinity() async throws {
      let built = try SwiftPlugin(Self.source)
      try await Stage.launcher(warm: WarmSettings(hosts: 2)) { stage, actor in
        let plugin = try await Self.install(built, stage, actor)
        #expect(plugin.isWarm && plugin.hasWarmUp && plugin.handlers.map(\.preparesForKeys) == [true])
        func run(_ job: Int64, _ key: String?) async throws -> [String] {
          let report = try await actor.run(job, "greets", plugin: plugin, affinity: key)
          #expect(report.tier == .warm)
          return try words(report)
        }
        let first = try await run(1, nil)
        let host = try #require(try stage.hosts().first)
        #expect(try stage.processes(in: host).map { "\($0)" } == [first[0]])
        #expect(first.dropFirst() == ["1", "-", "0", "10", "-"])
        #expect(try await run(2, "red") == [first[0], "1", "hello-red", "1", "10", "red"])
        #expect(try await run(3, "red") == [first[0], "1", "hello-red", "1", "10", "red"])
        let blue = try await run(4, "blue")
        #expect(blue.dropFirst() == ["1", "hello-blue", "1", "10", "blue"] && blue[0] != first[0])
        // What can't be prepared costs the job nothing but that.
        #expect(try await run(5, "nobody") == [first[0], "1", "hello-red", "1", "10", "nobody"])
        #expect(await actor.record.notices == [])
      }
    }

    @Test(
      "a stop cancels the task of a handler, from a warm host as from the keeper", arguments: [true, false])
    func cancelled(isWarm: Bool) async throws {
      let built = try SwiftPlugin.patient()
      try await Stage.launcher { stage, actor in
        var plugin = try await Self.install(built, stage, actor)
        plugin.isWarm = isWarm
        for (job, way) in ["sleep", "group", "spin"].enumerated() {
          let id = actor.launch(
            Int64(job + 1), "patient", parameters: .object(["way": .string(way)]), plugin: plugin)
          try await actor.record.progress(id)
          actor.launcher.terminate(id)
          let report = try await actor.ended(id)
          #expect(report.tier == (isWarm ? .warm : .template))
          // One may still have a result.
          guard way != "spin" else {
            #expect(try words(report) == ["stopped"])
            continue
          }
          guard case .failed(let failure) = report.word else { throw TestFailure("\(report)") }
          #expect(failure.code == "cancelled" && failure.message == "the job was asked to stop")
        }
        #expect(try stage.leaves() == [])
      }
    }

    private func words(_ report: AttemptReport) throws -> [String] {
      guard case .done(let result?) = report.word else { throw TestFailure("\(report)") }
      return String(decoding: result.bytes, as: UTF8.self).split(separator: " ").map(String.init)
    }
  }
}
