import Foundation
import Logging
import Synchronization
import TestSupport

@testable import MillraceSlurm

/// A bundle whose node shares no file system with the runner: its files cross over TCP.
final class CourierHost: Sendable {
  let bundle: TestBundle
  /// Where the node has its copies.
  let directory = TestDirectory.newPath("courier")
  let name: String
  let secret = [UInt8]((0..<32).map { _ in UInt8.random(in: 0...255) })

  init(_ attempts: [TestBundle.Attempt], settings: [String] = []) throws {
    bundle = try TestBundle(attempts, settings: settings)
    name = URL(fileURLWithPath: bundle.directory).lastPathComponent
  }

  var secretText: String { secret.map { String(format: "%02x", $0) }.joined() }

  /// Starts the runner's end; port 0 is any.
  func serve(port: UInt16 = 0, complaints: Complaints? = nil) throws -> CourierServer {
    let (name, secret) = (name, secret)
    return try CourierServer(
      listen: "127.0.0.1:\(port)", spool: bundle.spool, secret: { $0 == name ? secret : nil },
      log: Logger(label: "courier") { _ in complaints ?? Complaints() })
  }

  /// Starts the node's end.
  func start(port: UInt16, secret: String? = nil, directory: String? = nil) throws -> TestProcess {
    try TestProcess(
      "millrace-host",
      ["batch", "--connect", "127.0.0.1:\(port)", "--bundle", name, directory ?? self.directory],
      environment: TestProcess.environment(with: [
        "TMPDIR": bundle.temporary, "SLURMD_NODENAME": "n2", "MILLRACE_BUNDLE_SECRET": secret ?? secretText,
      ]))
  }
}

/// What a server has complained of.
struct Complaints: LogHandler {
  var metadata: Logger.Metadata = [:]
  var logLevel = Logger.Level.info
  private let lines = Lines()

  private final class Lines: Sendable {
    let all = Mutex<[String]>([])
  }

  var all: [String] { lines.all.withLock { $0 } }

  subscript(metadataKey key: String) -> Logger.Metadata.Value? {
    get { metadata[key] }
    set { metadata[key] = newValue }
  }

  func log(
    level: Logger.Level, message: Logger.Message, metadata: Logger.Metadata?, source: String, file: String,
    function: String, line: UInt
  ) {
    lines.all.withLock { $0.append("\(message)") }
  }
}
