import FoundationEssentials
import Glibc
import PluginRecording
import Testing

@Suite("sqlite.maintain keeps databases well")
struct SQLiteTests {
  private struct Report: Decodable {
    var actions: [Action]

    struct Action: Decodable {
      var action: String
      var done: Bool
      var file: String?
      var deleted: [String]?
      var problems: [String]?
      var bytesBefore: Int?
      var bytesAfter: Int?
      var hasWal: Bool?
    }
  }

  /// A directory with the database `shop.db` of 1,000 rows and an index, made by another program, and one
  /// `backups`.
  private func makeDatabase(wal: Bool = false) throws -> TemporaryDirectory {
    let directory = try TemporaryDirectory()
    #expect(mkdir(directory.path + "/backups", 0o755) == 0)
    try query(
      directory,
      """
      PRAGMA journal_mode = \(wal ? "wal" : "delete"); CREATE TABLE t (a INTEGER PRIMARY KEY, b TEXT);
      CREATE INDEX i ON t (b);
      WITH RECURSIVE n (x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM n WHERE x < 1000)
      INSERT INTO t SELECT x, 'text of row ' || x FROM n;
      """)
    return directory
  }

  @discardableResult
  private func query(
    _ directory: TemporaryDirectory, _ sql: String, file: String = "shop.db"
  ) throws -> String {
    let program = """
      import sqlite3, sys
      database = sqlite3.connect(sys.argv[1])
      for statement in sys.argv[2].split(';'):
          for row in database.execute(statement): print(*row)
      database.commit()
      """
    let ran = try execute(["python3", "-c", program, file, sql], in: directory.path)
    #expect(ran.status == 0, "\(ran.output)")
    return ran.output
  }

  private func maintain(
    _ directory: TemporaryDirectory, _ actions: [String], _ more: String = "",
    in surroundings: Surroundings = .init()
  ) throws -> (job: PluginRun, report: Report?) {
    let path = directory.path
    let list = actions.map { #""\#($0)""# }.joined(separator: ",")
    let parameters =
      #"{"database":"\#(path)/shop.db","actions":[\#(list)],"backup_directory":"\#(path)/backups"\#(more)}"#
    let job = try run("sqlite.maintain", of: "sqlite", parameters, in: surroundings)
    return (job, try job.decoded(Report.self))
  }

  @Test("Every action is done, in the order given", arguments: [false, true])
  func all(_ wal: Bool) throws {
    let directory = try makeDatabase(wal: wal)
    try query(directory, "DELETE FROM t WHERE a > 10")
    let (job, report) = try maintain(
      directory, ["integrity_check", "backup", "vacuum", "optimize", "wal_checkpoint"])
    #expect(job.failure == nil, "\(job)")
    let done = try #require(report).actions
    #expect(done.map(\.action) == ["integrity_check", "backup", "vacuum", "optimize", "wal_checkpoint"])
    #expect(!done.map(\.done).contains(false))
    #expect(done[0].problems == [])
    #expect(done[4].hasWal == wal)
    if !wal { #expect((done[2].bytesAfter ?? 0) < (done[2].bytesBefore ?? 0)) }
    #expect(try query(directory, "SELECT count(*) FROM t; SELECT count(*) FROM sqlite_stat1") == "10\n1\n")
    let backup = try #require(done[1].file)
    #expect(try query(directory, "SELECT count(*) FROM t", file: "backups/\(backup)") == "10\n")
    #expect(directory.names.filter { $0.hasPrefix("backups/") } == ["backups/\(backup)"])
  }

  @Test("The newest backups stay, and no file that is none of them goes")
  func keep() throws {
    let directory = try makeDatabase()
    let others = [
      "shop.db-2026.sqlite", "other.db-20200101T000000Z.sqlite", "shop.db-20200101T000000Z.sqlite.gz",
    ]
    for name in ["shop.db-20200101T000000Z.sqlite", "shop.db-20210101T000000Z.sqlite"] + others {
      try directory.write("backups/" + name, [])
    }
    let (job, report) = try maintain(directory, ["backup"], #","keep":2"#)
    #expect(job.failure == nil, "\(job)")
    let done = try #require(report?.actions.first)
    #expect(done.deleted == ["shop.db-20200101T000000Z.sqlite"])
    let expected = others + ["shop.db-20210101T000000Z.sqlite", try #require(done.file)]
    #expect(directory.names.filter { $0.hasPrefix("backups/") } == expected.map { "backups/" + $0 }.sorted())
  }

  @Test("A database that somebody else has locked is one clear error that another attempt may mend")
  func locked() throws {
    let directory = try makeDatabase()
    let program = """
      import sqlite3, os, signal
      database = sqlite3.connect('\(directory.path)/shop.db', isolation_level=None)
      database.execute('BEGIN EXCLUSIVE')
      os.write(3, b'locked\\n')
      signal.pause()
      """
    let holder = try Child(["python3", "-c", program], output: directory.path + "/log", channel: true)
    #expect(holder.nextLine().map { String(decoding: $0, as: UTF8.self) } == "locked")
    for action in ["backup", "vacuum", "integrity_check", "optimize"] {
      let job = try maintain(directory, [action], #","lock_seconds":0.1"#).job
      #expect(job.failureCode == "locked", "\(job)")
      #expect(job.failure?.isRetryable == true)
    }
    holder.signalGroup(SIGKILL)
    #expect(holder.wait() == SIGKILL)
    #expect(directory.names.filter { $0.hasPrefix("backups/") } == [])
    #expect(try maintain(directory, ["backup"]).job.failure == nil)
  }

  @Test("Others write while a database with a WAL is copied, and the copy is of one moment")
  func busy() throws {
    let directory = try makeDatabase(wal: true)
    let writing = Surroundings(stopsAt: { event in
      guard case .progress(_, "backing up") = event else { return false }
      do { try self.query(directory, "INSERT INTO t (b) VALUES ('later')") } catch { return true }
      return false
    })
    try query(directory, "CREATE TABLE large AS SELECT zeroblob(20000) FROM t")
    let (job, report) = try maintain(directory, ["backup"], in: writing)
    #expect(job.failure == nil, "\(job)")
    let backup = try #require(report?.actions.first?.file)
    #expect(try query(directory, "SELECT count(*) FROM t", file: "backups/\(backup)") == "1000\n")
    #expect(try query(directory, "SELECT count(*) > 1000 FROM t") == "1\n")
  }

  @Test("A damaged database is told, and is left with its older backups as it was")
  func corrupt() throws {
    let directory = try makeDatabase()
    try directory.write("backups/shop.db-20200101T000000Z.sqlite", [])
    var bytes = Array(try Data(contentsOf: URL(filePath: directory.path + "/shop.db")))
    let page = bytes.count / 4096 / 2
    for place in page * 4096..<page * 4096 + 2000 { bytes[place] = 0x5A }
    try directory.write("shop.db", bytes)
    for action in ["integrity_check", "vacuum", "backup"] {
      let job = try maintain(directory, [action, "optimize"], #","keep":1"#).job
      #expect(job.failureCode == "corrupt", "\(job)")
      #expect(job.failure?.isRetryable == false)
    }
    #expect(Array(try Data(contentsOf: URL(filePath: directory.path + "/shop.db"))) == bytes)
    #expect(directory.names == ["backups", "backups/shop.db-20200101T000000Z.sqlite", "shop.db"])
  }

  @Test(
    "What is no database is refused and left as it is",
    arguments: [("no database at all", "not_a_database"), ("", "not_a_database")])
  func noDatabase(_ content: String, _ code: String) throws {
    let directory = try makeDatabase()
    try directory.write("shop.db", Array(content.utf8))
    let job = try maintain(directory, ["backup", "vacuum"]).job
    #expect(job.failureCode == code, "\(job)")
    #expect(directory.names == ["backups", "shop.db"])
    #expect(try String(contentsOfFile: directory.path + "/shop.db") == content)
  }

  @Test(
    "What is wrong has a code of its own",
    arguments: [
      (#"{"database":"/nowhere/x.db","actions":["vacuum"]}"#, "not_found"),
      (#"{"database":"/dev/null","actions":["vacuum"]}"#, "not_a_database"),
      (#"{"database":"/etc","actions":["vacuum"]}"#, "not_a_database"),
      (#"{"database":"x.db","actions":["vacuum"]}"#, "invalid_parameters"),
      (#"{"database":"/x.db","actions":[]}"#, "invalid_parameters"),
      (#"{"database":"/x.db","actions":["drop"]}"#, "invalid_parameters"),
      (#"{"database":"/x.db","actions":["backup"]}"#, "invalid_parameters"),
      ("{}", "invalid_parameters"),
    ])
  func wrong(_ parameters: String, _ code: String) throws {
    let job = try run("sqlite.maintain", of: "sqlite", parameters)
    #expect(job.failureCode == code, "\(job)")
  }
}
