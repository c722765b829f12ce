import Logging
import MillraceLinux
import MillraceSlurm

extension Runner {
  /// Makes what runs jobs in Slurm, nil without that: as the configuration says, and else as jobs run here.
  /// What is out there is noted in the directory of the state.
  /// - Throws: what is wrong with the spool or a user's name.
  static func cluster(
    _ slurm: SlurmSection?, like launch: LaunchSettings, state: StateDirectory, logs: LogFiles, _ log: Logger
  ) throws -> SlurmLauncher? {
    guard let slurm else { return nil }
    var settings = slurm.settings
    let identity = try slurm.user.map { try Self.identity(of: $0) } ?? launch.identity
    settings.user = SlurmSettings.User(uid: identity.uid, gid: identity.gid)
    settings.ledger = state.path + "/slurm"
    (settings.maxResult, settings.maxOpenFiles) = (launch.maxResult, launch.maxOpenFiles)
    return try SlurmLauncher(settings: settings, logs: logs, logger: log)
  }
}
