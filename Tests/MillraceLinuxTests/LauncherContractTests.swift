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
        await launchers.stop()
        #expect(try stage.leaves() == [])
      }
    }

    /// Launchers that follow each other on one stage.
    private final class Launchers: LauncherStage {
      private let stage: Stage
      private var last: LocalLauncher?

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
      }

      func plan(_ attempt: AttemptID) throws -> LaunchPlan {
        stage.plan(attempt, "waits", plugin: stage.plugin)
      }
    }
  }
}
