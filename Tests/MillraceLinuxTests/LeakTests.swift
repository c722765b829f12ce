import CMillraceLinux
import FoundationEssentials
import Glibc
import MillraceCore
import MillraceEngine
import Testing
import TestSupport

@testable import MillraceLinux

/// What a runner must not do in the long run. Each runs in a process of its own: descriptors and processor
/// time are counted there.
extension StageTests {
  @Suite struct LeakTests {
    private static func openDescriptors(_ actor: Stage.Actor) async throws -> Int {
      // It lets go of an attempt right after it told of the end: that is done when it answers.
      _ = await actor.launcher.sample()
      return try FileManager.default.contentsOfDirectory(atPath: "/proc/self/fd").count
    }

    private static func expectDescriptors(_ count: Int, _ actor: Stage.Actor) async throws {
      let now = try await openDescriptors(actor)
      if now != count { Issue.record("there were \(count) descriptors, there are \(now)") }
    }

    private static func limitDescriptors(to count: UInt64) throws {
      var limit = (soft: UInt64(0), hard: UInt64(0))
      let resource = Int32(RLIMIT_NOFILE.rawValue)
      try check(millrace_get_limit(resource, &limit.soft, &limit.hard), "read a limit")
      try check(millrace_set_limit(resource, count, limit.hard), "set a limit")
    }

    private static func processorTime() -> Duration {
      var usage = rusage()
      getrusage(Int32(RUSAGE_SELF.rawValue), &usage)
      return .seconds(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec)
        + .microseconds(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec)
    }

    @Test("two hundred jobs in a row leave no descriptor, no leaf and no work directory")
    func jobs() async {
      await #expect(processExitsWith: .success) {
        try await Stage.launcher { stage, actor in
          for job in Int64(1)...10 { _ = try await actor.run(job, "echo") }
          _ = try await actor.launcher.describe(stage.plugin.path)
          let watch = try DirectoryWatch(stage.settings.workDirectory)
          // One of each user is kept for the next attempt.
          try watch.wait { try stage.workDirectories().count <= 2 }
          let before = try await LeakTests.openDescriptors(actor)
          for job in Int64(11)...210 {
            let report = try await actor.run(job, job % 2 == 0 ? "echo" : "leaves_one")
            guard report.exit == .exited(code: 0) else { throw TestFailure("\(report)") }
          }
          for _ in 0..<5 { _ = try await actor.launcher.describe(stage.plugin.path) }
          // One of each user is kept for the next attempt.
          try watch.wait { try stage.workDirectories().count <= 2 }
          try await LeakTests.expectDescriptors(before, actor)
          let leaves = try stage.leaves()
          #expect(leaves == [])
        }
      }
    }

    @Test("what is refused leaves no descriptor either")
    func refusals() async {
      await #expect(processExitsWith: .success) {
        try await Stage.launcher { stage, actor in
          _ = try await actor.run(1, "echo")
          _ = try await actor.launcher.describe(stage.plugin.path)  // The groups of both are there and open.
          var tooLong = stage.plugin
          tooLong.path = "/" + String(repeating: "x", count: 600)
          var gone = stage.plugin
          gone.path = stage.directory.path + "/libgone.so"
          let before = try await LeakTests.openDescriptors(actor)
          for job in Int64(2)...50 {
            _ = try await actor.record.refused(actor.launch(job, "echo", plugin: tooLong))
            _ = try await actor.run(1000 + job, "echo", plugin: gone)
          }
          let error = await #expect(throws: LinuxError.self) { try await actor.launcher.describe(gone.path) }
          #expect(error != nil)
          try await LeakTests.expectDescriptors(before, actor)
          let leaves = try stage.leaves()
          #expect(leaves == [])
        }
      }
    }

    @Test("without descriptors attempts are refused; what runs goes on, and so does the launcher afterwards")
    func noDescriptors() async {
      await #expect(processExitsWith: .success) {
        try await Stage.launcher { stage, actor in
          let running = actor.launch(1, "waits")
          try await actor.record.progress(running)
          let before = try await LeakTests.openDescriptors(actor)
          // One number after the other, until all that a launch needs are there.
          for extra in 0..<16 {
            try LeakTests.limitDescriptors(to: UInt64(before + extra))
            let id = actor.launch(Int64(100 + extra), "stubborn")
            let event = try await actor.record.first {
              switch $0 {
              case .started(id), .refused(id, _): true
              case .started, .refused, .notice, .progress, .ended, .placed, .late, .cluster: false
              }
            }
            try LeakTests.limitDescriptors(to: 1024)
            if case .started = event {
              actor.launcher.kill(id)
              _ = try await actor.ended(id)
            }
            let leaves = try stage.leaves()
            #expect(leaves == ["fixture/1.1"])
          }
          try await LeakTests.expectDescriptors(before, actor)
          let samples = await actor.launcher.sample().attempts
          #expect(Array(samples.keys) == [running])
          actor.launcher.terminate(running)
          let report = try await actor.ended(running)
          #expect(report.exit == .exited(code: 1))
        }
      }
    }

    @Test("killed keepers leave no descriptor and no zombie")
    func keepers() async {
      await #expect(processExitsWith: .success) {
        try await Stage.launcher { stage, actor in
          _ = try await actor.run(1, "echo")
          let before = try await LeakTests.openDescriptors(actor)
          for job in Int64(2)...6 {
            let id = actor.launch(job, "stubborn")
            try await actor.record.progress(id)
            for keeper in try stage.keepers() { kill(keeper, SIGKILL) }
            actor.launcher.kill(id)
            _ = try await actor.ended(id)
          }
          _ = try await actor.run(99, "echo")
          try await LeakTests.expectDescriptors(before, actor)
          let children = try textFile("/proc/self/task/\(getpid())/children").split(separator: " ")
          #expect(children.count <= 1)
        }
      }
    }

    @Test("the launcher sleeps while a job that closed its descriptors runs on")
    func closedDescriptors() async {
      await #expect(processExitsWith: .success) {
        try await Stage.launcher { _, actor in
          _ = try await actor.run(1, "echo")
          let before = LeakTests.processorTime()
          _ = try await actor.run(2, "closes_everything")
          #expect(LeakTests.processorTime() - before < .milliseconds(300))
        }
      }
    }

    @Test("the launcher sleeps while a plugin that hangs is described")
    func hangingDescription() async {
      await #expect(processExitsWith: .success) {
        try await Stage.launcher { stage, actor in
          let file = stage.directory.path + "/libhangs.so"
          try LauncherFixture.build(at: file, defining: "HANGS")
          chmod(file, 0o755)
          _ = try await actor.run(1, "echo")
          let before = LeakTests.processorTime()
          await #expect(throws: LinuxError.self) { try await actor.launcher.describe(file) }
          #expect(LeakTests.processorTime() - before < .milliseconds(500))
        }
      }
    }
  }
}
