import MillraceCore
import MillraceEngine
import TestSupport
import Testing

@testable import MillraceSlurm

extension TrialClusterTests {
  @Suite(.serialized) struct ContractTests {
    @Test("the launcher of a cluster keeps the contract", arguments: AttemptContract.clauses)
    func contract(clause: AttemptContract) async throws {
      let launchers = try Launchers()
      do {
        try await clause.check(launchers)
      } catch {
        await launchers.stop()
        throw error
      }
      await launchers.stop()
    }

    /// Launchers that follow each other on one spool.
    private final class Launchers: AttemptStage {
      private let settings: SlurmSettings
      private var last: LauncherUnderTest?

      init() throws { settings = try TrialCluster.settings() }

      func nextAttempts() async throws -> any AttemptLauncher {
        await stop()
        let test = try LauncherUnderTest(settings, keepsEvents: false)
        last = test
        return test.launcher
      }

      func stop() async {
        await last?.stop()
        last = nil
      }

      func plan(_ attempt: AttemptID) throws -> LaunchPlan {
        Made.plan(attempt.job.rawValue, attempt.number, doing: "wait", plugin: TrialCluster.host)
      }
    }
  }
}
