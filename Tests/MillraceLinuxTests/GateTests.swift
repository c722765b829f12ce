import Glibc
import MillraceCore
import MillraceEngine
import TestSupport
import Testing

@testable import MillraceLinux

extension StageTests {
  /// What keeps a job from its warm host, and a plugin within its own cgroup. The kernel checks the same with
  /// and without controllers; with them the suite runs in the test kernel too.
  @Suite(.enabled(if: geteuid() == 0, "ids can be chosen by root only")) struct GateTests {
    @Test("a hostile job can't become the host, move itself, or signal, trace or read the host")
    func job() async throws {
      try await Stage.launcher { stage, actor in
        let plugin = try stage.warm()
        let other = actor.launch(1, "waits", plugin: plugin)  // An open leaf beside its own.
        try await actor.record.progress(other)
        let host = try #require(try stage.hosts().first)
        let pid = try #require(try stage.processes(in: host).first)
        let ids = stage.settings.warm.firstID
        let input = "\(stage.tree.mount) \(pid) \(ids + 1) \(ids) \(other)"
        let report = try await actor.run(2, "attacks", input: Array(input.utf8), plugin: plugin)
        #expect(report.tier == .warm)
        let deeds = try Self.deeds(report)
        let expected = [
          "setgid": "EPERM", "setuid": "EPERM", "write cgroup.procs of \(other)": "EACCES",
          "write cgroup.procs of warm": "EACCES", "write cgroup.kill of 2.1": "EACCES",
          "write cgroup.freeze of warm": "EACCES", "signal": "EPERM", "trace": "EPERM", "memory": "EACCES",
          "descriptor": "EPERM",
        ]
        for (deed, error) in expected { #expect(deeds[deed] == error, "\(deed)") }
        // Without the controller the file is not there.
        #expect(["EACCES", "ENOENT"].contains(deeds["write memory.max of 2.1"]))
        // The host is as it was, and the other job runs.
        #expect(try await actor.run(3, "shows", plugin: plugin).tier == .warm)
        #expect(try stage.hosts() == [host])
        actor.launcher.terminate(other)
        _ = try await actor.ended(other)
      }
    }

    @Test("a hostile plugin can't leave its plugin's cgroup, raise a limit or become root")
    func plugin() async throws {
      try await Stage.launcher { stage, actor in
        mkdir("\(stage.tree.path)/p/other", 0o755)
        defer { rmdir("\(stage.tree.path)/p/other") }
        let plugin = try stage.warm("HOSTILE=\"\(stage.tree.mount)\"")
        let report = try await actor.run(1, "confesses", plugin: plugin)
        #expect(report.tier == .warm)
        let deeds = try Self.deeds(report)
        #expect(deeds.count == 8, "\(deeds)")
        for (deed, error) in deeds {
          #expect(["EACCES", "EPERM", "ENOENT"].contains(error), "\(deed)")
          if deed.hasPrefix("write cgroup.procs") { #expect(error == "EACCES", "\(deed)") }
        }
        #expect(deeds["root"] == "EPERM")
      }
    }

    @Test("a host's ids are its own: root and its job's are nobody's gate")
    func ids() async throws {
      try await Stage.launcher { stage, actor in
        let plugin = try stage.warm()
        _ = try await actor.run(1, "shows", plugin: plugin)
        let host = try #require(try stage.hosts().first)
        let pid = try #require(try stage.processes(in: host).first)
        let status = try textFile("/proc/\(pid)/status")
        let first = stage.settings.warm.firstID
        // Real, effective, saved, file system.
        #expect(status.contains("Uid:\t\(first + 1)\t65534\t\(first + 1)\t65534\n"))
        #expect(status.contains("Gid:\t65534\t\(first)\t\(first)\t\(first)\n"))
        #expect(status.contains("Groups:\t \n"))
        for set in ["Inh", "Prm", "Eff", "Bnd", "Amb"] {
          #expect(status.contains("Cap\(set):\t0000000000000000\n"))
        }
        #expect(status.contains("NoNewPrivs:\t1\n"))
      }
    }

    /// What was tried, and how it ended.
    private static func deeds(_ report: AttemptReport) throws -> [String: String] {
      guard case .done(let result?) = report.word else { throw TestFailure("\(report)") }
      let lines = String(decoding: result.bytes, as: UTF8.self).split(separator: "\n")
      return Dictionary(
        uniqueKeysWithValues: lines.map { line in
          let parts = line.split(separator: ": ", maxSplits: 1).map(String.init)
          return (parts[0], parts.last ?? "")
        })
    }
  }
}
