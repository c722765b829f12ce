import Foundation
import MillraceCore
import TestSupport
import Testing

@testable import MillraceSlurm

/// Two nodes of Slurm on this machine, for all tests of this process; they end with it.
enum TrialCluster {
  /// The program that stands in for `millrace-host`, where the jobs' user can run it.
  static let host = SlurmCluster.directory + "/host.py"

  private static let started = Result {
    let cluster = try SlurmCluster()
    let source = URL(filePath: #filePath).deletingLastPathComponent().appending(path: "host.py").path
    try FileManager.default.copyItem(atPath: source, toPath: host)
    chmod(host, 0o755)
    return cluster
  }

  /// The cluster, which runs.
  static var running: SlurmCluster { get throws { try started.get() } }

  /// Settings for it, with a spool of its own.
  static func settings() throws -> SlurmSettings {
    let cluster = try running
    let spool = "\(cluster.directory)/spool-\(UUID().uuidString.prefix(8))"
    var settings = Made.settings(spool: spool, host: host)
    settings.configuration = cluster.configuration
    return settings
  }
}

/// All that needs the cluster: one after the other.
@Suite(.serialized, .timeLimit(.minutes(5))) struct TrialClusterTests {}
