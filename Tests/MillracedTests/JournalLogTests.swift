import Glibc
import Logging
import TestSupport
import Testing

@testable import millraced

@Suite("Logs in the journal")
struct JournalLogTests {
  /// A socket as journald has one.
  private final class FakeJournal {
    let path: String
    private let descriptor: Int32

    init(in directory: TemporaryDirectory) throws {
      path = directory.path + "/socket"
      descriptor = socket(AF_UNIX, Int32(SOCK_DGRAM.rawValue), 0)
      var address = sockaddr_un()
      address.sun_family = sa_family_t(AF_UNIX)
      withUnsafeMutableBytes(of: &address.sun_path) { [path] in $0.copyBytes(from: path.utf8) }
      let result = withUnsafePointer(to: &address) {
        $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { [descriptor] in
          bind(descriptor, $0, socklen_t(MemoryLayout<sockaddr_un>.size))
        }
      }
      try #require(result == 0)
    }

    deinit { close(descriptor) }

    func next() -> [UInt8] {
      var bytes = [UInt8](repeating: 0, count: 65_536)
      let count = recv(descriptor, &bytes, bytes.count, Int32(MSG_DONTWAIT))
      return Array(bytes.prefix(max(0, count)))
    }
  }

  @Test("systemd is told when the runner is ready, and nobody if nobody asks")
  func ready() throws {
    let directory = try TemporaryDirectory()
    let socket = try FakeJournal(in: directory)
    #expect(ServiceManager.tellReady(socket: nil) == 0)
    #expect(socket.next().isEmpty)
    #expect(ServiceManager.tellReady(socket: socket.path) == 0)
    #expect(String(decoding: socket.next(), as: UTF8.self) == "READY=1")
    #expect(ServiceManager.tellReady(socket: socket.path + "2") == ENOENT)
  }

  @Test("an entry has the message, how bad it is, and each piece of metadata as a field")
  func fields() throws {
    let directory = try TemporaryDirectory()
    let journal = try FakeJournal(in: directory)
    let socket = try #require(JournalSocket(path: journal.path))
    var logger = Logger(label: "engine") { JournalLog(label: $0, journal: socket) }
    logger[metadataKey: "attempt"] = "42.1"
    logger.warning("it ended", metadata: ["outcome-of": "lost"])
    #expect(
      String(decoding: journal.next(), as: UTF8.self) == """
        MESSAGE=it ended attempt=42.1 outcome-of=lost
        PRIORITY=4
        SYSLOG_IDENTIFIER=millraced
        LOGGER=engine
        MILLRACE_ATTEMPT=42.1
        MILLRACE_OUTCOME_OF=lost

        """)
    logger[metadataKey: "attempt"] = nil
    logger.error("two\nlines")
    // A value with a line break has its length before it.
    let expected =
      Array("MESSAGE\n".utf8) + [9, 0, 0, 0, 0, 0, 0, 0] + Array("two\nlines\nPRIORITY=3\n".utf8)
    #expect(journal.next().starts(with: expected))
  }

  @Test("the journal is found by what systemd says of standard error")
  func stream() throws {
    let directory = try TemporaryDirectory()
    let file = open(directory.path + "/err", O_CREAT | O_RDWR, 0o600)
    defer { close(file) }
    var facts = stat()
    try #require(fstat(file, &facts) == 0)
    #expect(JournalSocket.isEnd(of: file, named: "\(facts.st_dev):\(facts.st_ino)"))
    for other in [nil, "", "1", "\(facts.st_dev):\(facts.st_ino + 1)", "x:y", "1:2:3"] {
      #expect(!JournalSocket.isEnd(of: file, named: other))
    }
    #expect(JournalSocket(path: directory.path + "/nobody") == nil)
  }

  @Test("what the journal does not take is not lost")
  func refused() throws {
    let directory = try TemporaryDirectory()
    var journal: FakeJournal? = try FakeJournal(in: directory)
    let socket = try #require(JournalSocket(path: journal?.path ?? ""))
    #expect(socket.send([("MESSAGE", "x")]))
    journal = nil
    #expect(!socket.send([("MESSAGE", "x")]))
  }
}
