import CMillraceLinux
import Foundation
import MillraceLinux
import TestSupport
import Testing

@testable import MillraceSlurm

/// What the runner's end makes of nodes that are not as they should be.
@Suite struct CourierServerTests {
  /// A node that a test plays.
  private final class Node {
    let socket: Int32
    var key: [UInt8] = []
    private var sent: UInt64 = 0

    init(_ host: CourierHost, _ server: CourierServer, secret: [UInt8]? = nil) throws {
      socket = millrace_connect_tcp("127.0.0.1", "\(server.port)", 5000)
      guard socket >= 0 else { throw TestFailure("cannot connect: \(socket)") }
      let theirs = try read(32)
      let ours = [UInt8](repeating: 7, count: 32)
      key = AuthenticationCode.code(
        of: Array("millrace-bundle".utf8) + theirs + ours + host.name.utf8, with: secret ?? host.secret)
      try write([UInt8(host.name.utf8.count)] + host.name.utf8 + ours)
    }

    deinit { close(socket) }

    func frame(_ type: Int, _ body: [UInt8]) -> [UInt8] {
      let content = [UInt8(type)] + body
      let counter = (0..<8).map { UInt8(truncatingIfNeeded: sent >> (8 * $0)) }
      sent += 1
      let code = AuthenticationCode.code(
        of: [UInt8(MILLRACE_COURIER_TO_SERVER)] + counter + content, with: key)
      let length = content.count + code.count
      return (0..<4).map { UInt8(truncatingIfNeeded: length >> (8 * $0)) } + content + code
    }

    /// The answer's type and body; nil if the server has hung up.
    func ask(_ type: Int, _ name: String, _ rest: [UInt8]) throws -> (type: Int, text: String)? {
      try write(frame(type, [UInt8(name.utf8.count)] + name.utf8 + rest))
      var found = try answer()
      while found?.type == MILLRACE_COURIER_NEWS { found = try answer() }
      return found
    }

    func answer() throws -> (type: Int, text: String)? {
      guard let head = try? read(4) else { return nil }  // It has hung up.
      let length = head.reversed().reduce(0) { $0 << 8 | Int($1) }
      let frame = try read(length)
      return (Int(frame[0]), String(decoding: frame[1..<(length - 32)], as: UTF8.self))
    }

    func write(_ bytes: [UInt8]) throws {
      guard send(socket, bytes, bytes.count, Int32(MSG_NOSIGNAL)) == bytes.count else {
        throw TestFailure("cannot send")
      }
    }

    func read(_ count: Int) throws -> [UInt8] {
      var bytes = [UInt8](repeating: 0, count: count)
      var done = 0
      while done < count {
        var waited = pollfd(fd: socket, events: Int16(POLLIN), revents: 0)
        guard poll(&waited, 1, 20_000) > 0 else { throw TestFailure("no answer") }
        let got = bytes.withUnsafeMutableBytes {
          recv(socket, $0.baseAddress.map { $0 + done }, count - done, 0)
        }
        guard got > 0 else { throw TestFailure("it has hung up") }
        done += got
      }
      return bytes
    }
  }

  private static let zero = [UInt8](repeating: 0, count: 8)
  private static func last(_ text: String) -> [UInt8] { zero + [1] + text.utf8 }

  @Test("names of nothing that crosses, of other bundles, and what is not for nodes, are refused")
  func names() throws {
    let host = try CourierHost([.init("hello")])
    let server = try host.serve()
    defer { server.stop() }
    let node = try Node(host, server)
    for name in [
      "../\(host.name)/manifest", "/etc/passwd", "host.log", "", "heartbeat", "1.1.log", "2.1.payload",
      "plugins/../x.so",
      "1.1.payload\0",
    ] {
      #expect(
        try node.ask(MILLRACE_COURIER_GET, name, Self.zero)?.type == MILLRACE_COURIER_REFUSED, "\(name)")
    }
    for name in ["manifest", "closed", "1.1.stop", "1.1.payload", "2.1.ended", "plugins/x.so", "1.1.log"] {
      let answer = try node.ask(MILLRACE_COURIER_REPLACE, name, Self.last("x"))
      #expect(answer?.type == MILLRACE_COURIER_REFUSED, "\(name)")
    }
    #expect(
      try node.ask(MILLRACE_COURIER_PUT, "heartbeat", Self.zero + [1])?.type == MILLRACE_COURIER_REFUSED)
    #expect(try node.ask(MILLRACE_COURIER_GET, "manifest", Self.zero)?.type == MILLRACE_COURIER_DATA)
  }

  @Test("the first start, end and `done` stay; the same again is taken for what it is")
  func once() throws {
    let host = try CourierHost([.init("hello")])
    let server = try host.serve()
    defer { server.stop() }
    for name in ["1.1.started", "1.1.ended", "done"] {
      let node = try Node(host, server)
      #expect(try node.ask(MILLRACE_COURIER_REPLACE, name, Self.last("one\n"))?.type == MILLRACE_COURIER_ACK)
      let again = try Node(host, server)
      #expect(try again.ask(MILLRACE_COURIER_REPLACE, name, Self.last("one\n"))?.type == MILLRACE_COURIER_ACK)
      #expect(
        try again.ask(MILLRACE_COURIER_REPLACE, name, Self.last("two\n"))?.type == MILLRACE_COURIER_TAKEN)
      #expect(host.bundle.text(name) == "one\n")
    }
  }

  @Test("files are held to their bounds, also by an offset")
  func bounds() throws {
    let host = try CourierHost([.init("hello")], settings: ["log 1000", "result 100"])
    let server = try host.serve()
    defer { server.stop() }
    let node = try Node(host, server)
    func place(_ offset: Int) -> [UInt8] { (0..<8).map { UInt8(truncatingIfNeeded: offset >> (8 * $0)) } }
    let kilobyte = [UInt8](repeating: 65, count: 1000)
    #expect(try node.ask(MILLRACE_COURIER_PUT, "1.1.log", place(0) + kilobyte)?.type == MILLRACE_COURIER_ACK)
    #expect(
      try node.ask(MILLRACE_COURIER_PUT, "1.1.log", place(500) + kilobyte)?.type == MILLRACE_COURIER_REFUSED)
    #expect(
      try node.ask(MILLRACE_COURIER_PUT, "1.1.log", place(1 << 40) + [1])?.type == MILLRACE_COURIER_REFUSED)
    #expect(try node.ask(MILLRACE_COURIER_SYNC, "1.1.log", [])?.type == MILLRACE_COURIER_ACK)
    let long = [UInt8](repeating: 65, count: 65_537)
    #expect(
      try node.ask(MILLRACE_COURIER_REPLACE, "1.1.ended", Self.zero + [1] + long)?.type
        == MILLRACE_COURIER_REFUSED)
    for (offset, type) in [
      (0, MILLRACE_COURIER_ACK), (500_000, MILLRACE_COURIER_ACK), (500_000, MILLRACE_COURIER_ACK),
      (2_000_000, MILLRACE_COURIER_REFUSED),
    ] {
      let part = [UInt8](repeating: 66, count: 500_000)
      #expect(try node.ask(MILLRACE_COURIER_REPLACE, "1.1.outcome", place(offset) + [0] + part)?.type == type)
    }
    #expect(
      try node.ask(MILLRACE_COURIER_REPLACE, "1.1.outcome", place(1_000_000) + [1])?.type
        == MILLRACE_COURIER_ACK)
    let made = try FileManager.default.attributesOfItem(atPath: host.bundle.directory + "/1.1.outcome")
    #expect(made[.size] as? Int == 1_000_000)
  }

  @Test("links that a job's user has put there are not followed")
  func links() throws {
    let host = try CourierHost([.init("hello")])
    let victim = TestDirectory.newPath("victim")
    try "secret".write(toFile: victim, atomically: false, encoding: .utf8)
    for name in ["1.1.log", "1.1.ended.new", "heartbeat.new", "1.1.stop"] {
      symlink(victim, "\(host.bundle.directory)/\(name)")
    }
    let server = try host.serve()
    defer { server.stop() }
    let node = try Node(host, server)
    #expect(try node.ask(MILLRACE_COURIER_PUT, "1.1.log", Self.zero + [1])?.type == MILLRACE_COURIER_REFUSED)
    #expect(try node.ask(MILLRACE_COURIER_REPLACE, "1.1.ended", Self.last("x"))?.type == MILLRACE_COURIER_ACK)
    #expect(try node.ask(MILLRACE_COURIER_REPLACE, "heartbeat", Self.last("x"))?.type == MILLRACE_COURIER_ACK)
    #expect(try node.ask(MILLRACE_COURIER_GET, "1.1.stop", Self.zero)?.type == MILLRACE_COURIER_REFUSED)
    #expect(try String(contentsOfFile: victim, encoding: .utf8) == "secret")
  }

  @Test("a frame that was changed, is heard twice, or is none ends the connection")
  func hostile() throws {
    let host = try CourierHost([.init("hello")])
    let complaints = Complaints()
    let server = try host.serve(complaints: complaints)
    defer { server.stop() }
    let body = [UInt8(9)] + "heartbeat".utf8 + Self.last("x")
    let changed = try Node(host, server)
    var bytes = changed.frame(MILLRACE_COURIER_REPLACE, body)
    bytes[bytes.count - 40] ^= 1
    try changed.write(bytes)
    #expect(try changed.answer() == nil)
    let replayed = try Node(host, server)
    let frame = replayed.frame(MILLRACE_COURIER_REPLACE, body)
    try replayed.write(frame)
    #expect(try replayed.answer()?.type == MILLRACE_COURIER_ACK)
    try replayed.write(frame)
    #expect(try replayed.answer() == nil)
    // The key of one connection is of no use in another one.
    let other = try Node(host, server)
    try other.write(frame)
    #expect(try other.answer() == nil)
    for garbage in [
      [0xff, 0xff, 0xff, 0xff], [0, 0, 0, 0], [33, 0, 0, 0] + [UInt8](repeating: 0, count: 33),
    ] as [[UInt8]] {
      let node = try Node(host, server)
      try node.write(garbage)
      #expect(try node.answer() == nil)
    }
    let malformed = try Node(host, server)
    try malformed.write(malformed.frame(99, []))
    #expect(try malformed.answer() == nil)
    #expect(
      complaints.all.sorted() == [
        "node does not know its bundle's secret", "node does not speak as it should",
      ])
  }

  @Test("strangers that say nothing are sent away, and don't keep others out")
  func silence() throws {
    let host = try CourierHost([.init("hello")])
    let server = try host.serve()
    defer { server.stop() }
    let strangers = (0..<80).map { _ in millrace_connect_tcp("127.0.0.1", "\(server.port)", 5000) }
    defer { for socket in strangers where socket >= 0 { close(socket) } }
    // They are as many as there may be: a node has to come again, and then there is room.
    let run = try host.start(port: server.port).end()
    #expect(run.status == 0, "\(run.errors)")
  }

  @Test("an old connection makes room for the same bundle's new one")
  func replacement() throws {
    let host = try CourierHost([.init("hello")])
    let server = try host.serve()
    defer { server.stop() }
    let old = try Node(host, server)
    #expect(try old.ask(MILLRACE_COURIER_REPLACE, "heartbeat", Self.last("1"))?.type == MILLRACE_COURIER_ACK)
    let new = try Node(host, server)
    #expect(try new.ask(MILLRACE_COURIER_REPLACE, "heartbeat", Self.last("2"))?.type == MILLRACE_COURIER_ACK)
    #expect(try old.answer() == nil)
  }

  @Test("the key is made once, and refused if others may read it")
  func key() throws {
    let path = TestDirectory.newPath("key")
    let first = try CourierKey(file: path)
    let second = try CourierKey(file: path)
    #expect(first.secret(of: "a") == second.secret(of: "a") && first.secret(of: "a") != first.secret(of: "b"))
    #expect(first.secret(of: "a").count == 32)
    chmod(path, 0o644)
    #expect(throws: (any Error).self) { try CourierKey(file: path) }
    chmod(path, 0o600)
    truncate(path, 5)
    #expect(throws: (any Error).self) { try CourierKey(file: path) }
  }
}
