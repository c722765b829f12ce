import CMillraceLinux
import Foundation
import TestSupport
import Testing

@testable import MillraceSlurm

/// Bundles of nodes that share no file system with the runner, by the real host.
@Suite struct CourierTests {
  @Test("what attempts leave arrives as over a shared spool, and the node keeps nothing")
  func results() throws {
    let host = try CourierHost(
      [
        .init("hello"), .init("fails", id: "2.1"), .init("floods-log", id: "3.1"),
        .init("crashes", id: "4.1"),
      ],
      settings: ["log 2000000"])
    let server = try host.serve()
    defer { server.stop() }
    let run = try host.start(port: server.port).end()
    #expect(run.status == 0 && run.errors == "")
    let bundle = host.bundle
    let ended = try bundle.words("1.1.ended")
    #expect(ended["exit"] == "0" && ended["node"] == "n2")
    #expect(try bundle.words("2.1.ended")["exit"] == "1" && bundle.words("4.1.ended")["signal"] == "11")
    let outcome = try Data(contentsOf: URL(fileURLWithPath: "\(bundle.directory)/1.1.outcome"))
    #expect(outcome.dropFirst(MemoryLayout<millrace_outcome>.size) == Data("hi".utf8))
    #expect(bundle.text("1.1.log")?.hasPrefix("NOTICE hello\\nworld") == true)
    #expect(bundle.text("1.1.progress") == "fraction 1.000000\nmessage all\n")
    let log = try #require(bundle.text("3.1.log"))
    #expect((1_999_000...2_000_100).contains(log.utf8.count) && log.contains("bytes dropped …\n"))
    #expect(bundle.text("done") == "reason finished\n")
    #expect(access(host.directory, F_OK) != 0)
    #expect(try FileManager.default.contentsOfDirectory(atPath: bundle.temporary).isEmpty)
    #expect(
      try FileManager.default.contentsOfDirectory(atPath: bundle.directory).allSatisfy {
        !$0.hasSuffix(".new")
      })
  }

  @Test("a stop and the closing reach the node, and the secret reaches no job")
  func news() throws {
    let host = try CourierHost([.init("waits"), .init("waits", id: "2.1")], settings: ["parallel 2"])
    let server = try host.serve()
    defer { server.stop() }
    let process = try host.start(port: server.port)
    try host.bundle.wait(for: "waiting", in: "1.1.log")
    try host.bundle.wait(for: "waiting", in: "2.1.log")
    for pid in try Self.processes(of: host) + [process.pid] {
      let environment = try String(contentsOfFile: "/proc/\(pid)/environ", encoding: .utf8)
      #expect(!environment.contains(host.secretText) && environment.contains("SLURMD_NODENAME"))
    }
    try host.bundle.write("1.1.stop", "term\n")
    try host.bundle.wait(for: "stopped term", in: "1.1.ended")
    try host.bundle.write("closed", "")
    #expect(try process.end().status == 1)
    #expect(try host.bundle.words("2.1.ended")["stopped"] == "closed")
    #expect(host.bundle.text("done") == "reason closed\n")
  }

  @Test("a runner that goes and comes again finds all of the log, and each end once")
  func reconnecting() throws {
    let host = try CourierHost([.init("waits"), .init("hello", id: "2.1")])
    let first = try host.serve()
    let process = try host.start(port: first.port)
    try host.bundle.wait(for: "waiting", in: "1.1.log")
    first.stop()
    let second = try Self.again(host, first.port)
    defer { second.stop() }
    try host.bundle.write("1.1.stop", "term\n")
    #expect(try process.end().status == 0)
    #expect(try host.bundle.words("1.1.ended")["stopped"] == "term")
    #expect(host.bundle.text("1.1.log") == "INFO waiting\n")
    #expect(
      try host.bundle.words("2.1.ended")["exit"] == "0" && host.bundle.text("done") == "reason finished\n")
  }

  @Test("a node that does not reach its runner for longer than the fence kills what it runs")
  func fence() throws {
    let host = try CourierHost([.init("waits")], settings: ["fence 2"])
    let first = try host.serve()
    let process = try host.start(port: first.port)
    try host.bundle.wait(for: "waiting", in: "1.1.log")
    first.stop()
    try host.bundle.wait(until: "the attempt is killed") { try Self.processes(of: host).isEmpty }
    let second = try Self.again(host, first.port)
    defer { second.stop() }
    #expect(try process.end().status == 1)
    #expect(try host.bundle.words("1.1.ended")["stopped"] == "fenced")
    #expect(host.bundle.text("done") == "reason fenced\n")
  }

  @Test("what another host has claimed is not run again")
  func rivals() throws {
    let host = try CourierHost([.init("waits"), .init("hello", id: "2.1")])
    let server = try host.serve()
    defer { server.stop() }
    let first = try host.start(port: server.port)
    try host.bundle.wait(for: "waiting", in: "1.1.log")
    let second = try host.start(port: server.port, directory: host.directory + "-2").end()
    #expect(second.status == 125 && second.errors.contains("another host has claimed"))
    #expect(try host.bundle.words("2.1.ended")["exit"] == "0" && host.bundle.text("done") == nil)
    try host.bundle.write("1.1.stop", "term\n")
    #expect(try first.end().status == 0)
    #expect(host.bundle.text("done") == "reason finished\n")
  }

  @Test("a node without the secret gets nothing, and that is said once")
  func wrongSecret() throws {
    let host = try CourierHost([.init("hello")])
    let complaints = Complaints()
    let server = try host.serve(complaints: complaints)
    defer { server.stop() }
    let run = try host.start(port: server.port, secret: String(repeating: "0", count: 64)).end()
    #expect(run.status == 125 && run.errors.hasPrefix("error: "))
    #expect(complaints.all == ["node does not know its bundle's secret"])
    #expect(host.bundle.text("1.1.started") == nil && host.bundle.text("heartbeat") == nil)
    let missing = try host.start(port: server.port, secret: "", directory: host.directory + "-2").end()
    #expect(missing.status == 125 && missing.errors.contains("the secret is malformed"))
  }

  @Test("a plugin that was changed is found out after it has crossed")
  func changedPlugin() throws {
    let host = try CourierHost([.init("hello")])
    let name = try #require(
      try FileManager.default.contentsOfDirectory(atPath: host.bundle.spool + "/plugins").first)
    let file = try FileHandle(forWritingTo: URL(fileURLWithPath: "\(host.bundle.spool)/plugins/\(name)"))
    try file.seekToEnd()
    try file.write(contentsOf: Data([0]))
    try file.close()
    let server = try host.serve()
    defer { server.stop() }
    #expect(try host.start(port: server.port).end().status == 0)
    #expect(try host.bundle.words("1.1.ended")["fault"]?.contains("another SHA-256") == true)
  }

  /// The processes of attempts: they have the node's copy of the plugin loaded.
  private static func processes(of host: CourierHost) throws -> [Int32] {
    try FileManager.default.contentsOfDirectory(atPath: "/proc").compactMap { Int32($0) }.filter { pid in
      // A process may end while we look.
      ((try? String(contentsOfFile: "/proc/\(pid)/maps", encoding: .utf8)) ?? "").contains(
        host.directory + "/")
    }
  }

  /// Serves at a port that was served before.
  private static func again(_ host: CourierHost, _ port: UInt16) throws -> CourierServer {
    var server: CourierServer?
    try host.bundle.wait(until: "the port is free") {
      // The former server's thread may not have closed it yet.
      server = try? host.serve(port: port)
      return server != nil
    }
    guard let server else { throw TestFailure("no server") }
    return server
  }
}
