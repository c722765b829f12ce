import FoundationEssentials
import Glibc
import MillraceCore
import Testing
import TestSupport

@testable import MillraceLinux

extension StageTests {
  @Suite struct DescribeTests {
    private func reason(_ actor: Stage.Actor, _ file: String) async -> String {
      let error = await #expect(throws: LinuxError.self) { try await actor.launcher.describe(file) }
      guard case .malformed(let reason)? = error?.reason else { return "\(error?.description ?? "")" }
      return reason
    }

    @Test("a plugin describes itself")
    func good() async throws {
      try await Stage.launcher { stage, actor in
        let plugin = try await actor.launcher.describe(stage.plugin.path)
        #expect(plugin.name == "fixture")
        #expect(plugin.version == "1.2.3")
        #expect(plugin.path == stage.plugin.path)
        #expect(plugin.handlers.count == 14)
        let schema = JSONValue.object([
          "type": .string("object"),
          "properties": .object(["text": .object(["type": .string("string")])]),
        ])
        let wishes = Wishes(
          memory: .mebibytes(64), cpuMillis: 500, pids: 8, timeout: .milliseconds(2500), maxAttempts: 4,
          retryDelay: .milliseconds(1500))
        #expect(
          plugin.handlers.first
            == Handler(
              name: "echo", summary: "Gives its parameters back", parameterSchema: schema, wishes: wishes,
              concurrency: 2))
        #expect(plugin.handlers.last?.wishes == Wishes())
        #expect(try stage.leaves() == [])
      }
    }

    @Test("each plugin that ships describes itself", arguments: ["exec", "checksum", "balloon", "spin"])
    func shipped(_ name: String) async throws {
      try await Stage.launcher { stage, actor in
        let plugin = try await actor.launcher.describe(try stage.shipped(name).path)
        #expect(plugin.name == name)
        #expect(plugin.handlers.allSatisfy { $0.parameterSchema != nil })
      }
    }

    @Test("a file that is no plugin is refused with the reason", arguments: ["garbage", "", "\u{7F}ELF"])
    func bad(_ content: String) async throws {
      try await Stage.launcher { stage, actor in
        let file = stage.directory.path + "/libbad.so"
        try Data(content.utf8).write(to: URL(filePath: file))
        let reason = await reason(actor, file)
        #expect(!reason.isEmpty)
        #expect(!reason.contains("\n"))
        #expect(try stage.leaves() == [])
        let plugin = try await actor.launcher.describe(stage.plugin.path)
        #expect(plugin.name == "fixture", "the next one is described as usual")
      }
    }

    @Test("a library that is no plugin, and a file that is not there, are refused")
    func others() async throws {
      try await Stage.launcher { stage, actor in
        let library = await reason(actor, "/lib/x86_64-linux-gnu/libm.so.6")
        #expect(library.contains("millrace_plugin_describe"))
        let none = await reason(actor, stage.directory.path + "/libnone.so")
        #expect(none.contains("No such file"))
      }
    }

    @Test("several at once are described, beside jobs")
    func several() async throws {
      try await Stage.launcher { stage, actor in
        let id = actor.launch(1, "waits")
        try await actor.record.progress(id)
        try await withThrowingTaskGroup(of: String.self) { group in
          for _ in 0..<10 { group.addTask { try await actor.launcher.describe(stage.plugin.path).name } }
          for try await name in group { #expect(name == "fixture") }
        }
        let samples = await actor.launcher.sample().attempts
        #expect(Array(samples.keys) == [id])
        actor.launcher.kill(id)
        _ = try await actor.ended(id)
        #expect(await actor.record.all.count == 3, "descriptions are no events")
      }
    }

    @Test("a plugin that hangs while it is loaded is given up after ten seconds, but not for good")
    func hangs() async throws {
      try await Stage.launcher { stage, actor in
        let file = stage.directory.path + "/libhangs.so"
        let cause = stage.directory.path + "/cause"
        try LauncherFixture.build(at: file, defining: "HANGS_WHILE='\"\(cause)\"'")
        chmod(file, 0o755)
        try Data().write(to: URL(filePath: cause))
        let error = await #expect(throws: LinuxError.self) { try await actor.launcher.describe(file) }
        #expect(
          error?.reason == .missing("plugin `\(file)` did not return within 10 s while it was loaded"))
        #expect(try stage.leaves() == [])
        unlink(cause)
        #expect(try await actor.launcher.describe(file).name == "fixture")
      }
    }

    @Test("a launcher that stops gives up what is being described")
    func stopped() async throws {
      try await Stage.use { stage in
        let file = stage.directory.path + "/libhangs.so"
        try LauncherFixture.build(at: file, defining: "HANGS")
        chmod(file, 0o755)
        let actor = try Stage.Actor(stage)
        let watch = try DirectoryWatch(stage.tree.path + "/p")
        let description = Task { try await actor.launcher.describe(file) }
        try watch.wait { access("\(stage.tree.path)/p/\(CgroupTree.describePlugin)", F_OK) == 0 }
        await actor.stop()
        await #expect(throws: LinuxError.self) { try await description.value }
      }
    }
  }
}
