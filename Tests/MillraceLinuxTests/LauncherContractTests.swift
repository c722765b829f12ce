import Glibc
import MillraceCore
import MillraceEngine
import TestSupport
import Testing

@testable import MillraceLinux

extension StageTests {
  @Suite struct LauncherContractTests {
    @Test("the launcher of this machine keeps the contract", arguments: LauncherContract.clauses)
    func contract(clause: LauncherContract) async throws {
      try await Stage.use { stage in
        let launchers = Launchers(stage)
        do {
          try await clause.check(launchers)
        } catch {
          await launchers.stop()
          throw error
        }
        // What was killed for being unknown ends without a word, some time later.
        while try !stage.leaves().isEmpty { try await Task.sleep(for: .milliseconds(5)) }
        await launchers.stop()
        #expect(try stage.leaves() == [])
      }
    }

    /// Launchers that follow each other on one stage.
    private final class Launchers: LauncherStage {
      private let stage: Stage
      private var last: LocalLauncher?
      private var planted: [Int32] = []

      init(_ stage: Stage) { self.stage = stage }

      func next() async throws -> any Launcher {
        await stop()
        let launcher = try stage.makeLauncher()
        last = launcher
        return launcher
      }

      func stop() async {
        stage.noteKeepers()
        await last?.stop()
        last = nil
        for descriptor in planted { close(descriptor) }
        planted = []
      }

      func plant(_ kind: Leak.Kind) throws {
        switch kind {
        case .leaf: mkdir("\(stage.tree.path)/p/fixture/99.9", 0o755)
        case .workDirectory:
          mkdir("\(stage.settings.workDirectory)/99.9", 0o755)
          mkdir("\(stage.settings.workDirectory)/99.9/full", 0o755)
        case .descriptor: planted.append(try OutcomeFile.make(maxResult: .mebibytes(1)).release())
        case .keeperRecord:
          let files = try (0..<4).map { _ in try Descriptor(opening: "/dev/null", flags: O_RDONLY).release() }
          defer { for file in files { close(file) } }
          // The loop waits for commands now: nobody else sends.
          try last?.loop.keeper?.hold(
            AttemptID(job: JobID(99), number: 9), ProcessExit(Int32(CLD_EXITED), 0, 0), tier: nil,
            descriptors: files)
        case .attempt: throw TestFailure("an attempt is launched")
        }
      }

      func plan(_ attempt: AttemptID) throws -> LaunchPlan {
        stage.plan(attempt, "waits", plugin: stage.plugin)
      }
    }
  }
}
