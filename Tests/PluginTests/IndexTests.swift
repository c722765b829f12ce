import FoundationEssentials
import Glibc
import PluginRecording
import Testing

@Suite("index.files and index.search make texts findable")
struct IndexTests {
  private struct Report: Decodable, Equatable {
    var added = 0
    var unchanged = 0
    var removed = 0
    var passedOver = 0
    var unnamed = 0
    var unreadable = 0
  }

  private struct Found: Decodable {
    var count: Int
    var hits: [Hit]

    struct Hit: Decodable {
      var path: String
      var snippet: String
      var rank: Double
    }
  }

  private func makeTree() throws -> TemporaryDirectory {
    let directory = try TemporaryDirectory()
    try directory.write("tree/mill.md", Array("The wheel turns while the water runs.\n".utf8))
    try directory.write("tree/notes/bread.txt", Array("Flour, water, salt. Café über alles.\n".utf8))
    try directory.write("tree/notes/picture.png", [0x89, 0x50, 0, 1, 2])
    try directory.write("tree/latin1.txt", [0x63, 0x61, 0x66, 0xE9])
    return directory
  }

  private func index(
    _ directory: TemporaryDirectory, _ more: String = "", in surroundings: Surroundings = .init()
  ) throws -> (job: PluginRun, report: Report?) {
    let parameters = #"{"path":"\#(directory.path)/tree","database":"\#(directory.path)/i.db"\#(more)}"#
    let job = try run("index.files", of: "index", parameters, in: surroundings)
    return (job, try job.decoded(Report.self))
  }

  private func search(
    _ directory: TemporaryDirectory, _ query: String, _ more: String = ""
  ) throws -> PluginRun {
    let text = query.replacing("\"", with: "\\\"")
    return try run(
      "index.search", of: "index", #"{"database":"\#(directory.path)/i.db","query":"\#(text)"\#(more)}"#)
  }

  private func paths(_ directory: TemporaryDirectory, _ query: String) throws -> [String]? {
    let job = try search(directory, query)
    #expect(job.failure == nil, "\(job)")
    return try job.decoded(Found.self)?.hits.map(\.path)
  }

  @Test("Texts are found by words, phrases, prefixes, paths, and without accents; what is no text is not")
  func finds() throws {
    let directory = try makeTree()
    let (job, report) = try index(directory)
    #expect(job.failure == nil, "\(job)")
    #expect(report == Report(added: 2, passedOver: 2))
    #expect(try paths(directory, "wheel") == ["mill.md"])
    #expect(try paths(directory, "water NOT wheel") == ["notes/bread.txt"])
    #expect(try paths(directory, #""the water""#) == ["mill.md"])
    #expect(try paths(directory, "caf*") == ["notes/bread.txt"])
    #expect(try paths(directory, "cafe") == ["notes/bread.txt"])
    #expect(try paths(directory, "path:bread") == ["notes/bread.txt"])
    #expect(try paths(directory, "nothing") == [])
  }

  @Test("A hit has its place in the text and its rank, the best first, and no more than asked for")
  func hits() throws {
    let directory = try makeTree()
    try directory.write("tree/water.txt", Array("water water water".utf8))
    _ = try index(directory)
    let found = try #require(try search(directory, "water", #","limit":2"#).decoded(Found.self))
    #expect(found.count == 2 && found.hits.count == 2)
    #expect(found.hits[0].path == "water.txt")
    #expect(found.hits[0].snippet == "[water] [water] [water]")
    #expect(found.hits[0].rank < found.hits[1].rank)
  }

  @Test("The next run reads only what is new or has changed, and forgets what is gone")
  func incremental() throws {
    let directory = try makeTree()
    _ = try index(directory)
    #expect(try index(directory).report == Report(unchanged: 4))
    try directory.write("tree/mill.md", Array("The sails turn while the wind blows.\n".utf8))
    try directory.write("tree/new.txt", Array("new".utf8))
    #expect(unlink(directory.path + "/tree/notes/bread.txt") == 0)
    #expect(try index(directory).report == Report(added: 2, unchanged: 2, removed: 1))
    #expect(try paths(directory, "wheel OR bread OR flour") == [])
    #expect(try paths(directory, "sails") == ["mill.md"])
    // The same size and times in the place of the old one: another file.
    let file = directory.path + "/tree/new.txt"
    var times = stat()
    #expect(stat(file, &times) == 0)
    try directory.write("other", Array("own".utf8))
    #expect(utimensat(AT_FDCWD, directory.path + "/other", [times.st_mtim, times.st_mtim], 0) == 0)
    #expect(rename(directory.path + "/other", file) == 0)
    #expect(try index(directory).report == Report(added: 1, unchanged: 3))
    #expect(try paths(directory, "own") == ["new.txt"])
  }

  @Test("Patterns pick what is indexed; what they no longer pick leaves the index")
  func patterns() throws {
    let directory = try makeTree()
    _ = try index(directory)
    #expect(try index(directory, #","include":["*.md","*.txt"],"except":["notes"]"#).report?.removed == 2)
    #expect(try paths(directory, "water") == ["mill.md"])
  }

  @Test("Files that are too large, links and odd names are passed over")
  func passedOver() throws {
    let directory = try makeTree()
    try directory.write("tree/large.txt", Array(repeating: UInt8(ascii: "x"), count: 3000))
    try directory.link("tree/link.txt", to: "/etc/passwd")
    #expect(rename(directory.path + "/tree/mill.md", directory.path + "/tree/mill.txt") == 0)
    let made = try execute(["sh", "-c", #"cp mill.txt "$(printf 'bad\351')""#], in: directory.path + "/tree")
    #expect(made.status == 0, "\(made.output)")
    let report = try index(directory, #","max_file":"2K""#).report
    #expect(report == Report(added: 2, passedOver: 3, unnamed: 1))
  }

  @Test("What was committed before a stop is right, and the next run goes on")
  func interrupted() throws {
    let directory = try makeTree()
    for number in 0..<1500 { try directory.write("tree/f\(number).txt", Array("common word\(number)".utf8)) }
    let stopped = Surroundings(stopsAt: {
      if case .progress(let fraction, _) = $0 { fraction > 0.5 } else { false }
    })
    let (job, first) = try index(directory, in: stopped)
    #expect(job.failureCode == "cancelled", "\(job.events.suffix(2))")
    let added = try #require(first).added
    #expect(added > 0)
    let (next, second) = try index(directory)
    #expect(next.failure == nil, "\(next.events.suffix(2))")
    #expect(second?.added == 1502 - added)
    #expect(try search(directory, "common", #","limit":1000"#).decoded(Found.self)?.count == 1000)
    #expect(try index(directory).report == Report(unchanged: 1504))
  }

  @Test("Killed amidst its work it leaves an index that searches and goes on")
  func killed() throws {
    let directory = try makeTree()
    for number in 0..<1500 { try directory.write("tree/f\(number).txt", Array("common word\(number)".utf8)) }
    // The harness dies of its file size limit's signal, as it would of any other, at the 600th file or so.
    let limited = Surroundings(command: { ["prlimit", "--fsize=300000", $0, $1] })
    let job = try index(directory, in: limited).job
    #expect(job.events.last != .returned(0), "it was not interrupted")
    #expect(try index(directory).job.failure == nil)
    #expect(try paths(directory, "word1499") == ["f1499.txt"])
    #expect(try index(directory).report == Report(unchanged: 1504))
  }

  @Test("What can't be read is named; of a closed directory nothing is forgotten")
  func unreadable() throws {
    let directory = try makeTree()
    #expect(chmod(directory.path, 0o777) == 0)
    let nobody = Surroundings(user: 65534)
    #expect(try index(directory, in: nobody).job.failure == nil)
    #expect(chmod(directory.path + "/tree/notes", 0) == 0)
    let (job, report) = try index(directory, in: nobody)
    #expect(chmod(directory.path + "/tree/notes", 0o755) == 0)
    #expect(job.failureCode == "unreadable")
    #expect(report == Report(unchanged: 2, unreadable: 1))
    #expect(try paths(directory, "flour") == ["notes/bread.txt"])
  }

  @Test(
    "A mistake in a query is one clear error",
    arguments: ["water AND (", #""open"#, "nocolumn:x", "*", "a NEAR(", "^^", "water'"])
  func badQuery(_ query: String) throws {
    let directory = try makeTree()
    _ = try index(directory)
    let job = try search(directory, query)
    #expect(job.failureCode == "bad_query", "\(job)")
    #expect(job.failure?.message.hasPrefix("`\(query)` is no query: ") == true)
    #expect(job.failure?.isRetryable == false)
  }

  @Test("A database that is none of ours, or the index of another tree, is left alone")
  func foreign() throws {
    let directory = try makeTree()
    try directory.write("i.db", Array("no database at all, but long enough to be looked at".utf8))
    #expect(try index(directory).job.failureCode == "not_an_index")
    #expect(try search(directory, "x").failureCode == "not_an_index")
    #expect(unlink(directory.path + "/i.db") == 0)
    let program = "import sqlite3; sqlite3.connect('i.db').execute('CREATE TABLE t (a)')"
    #expect(try execute(["python3", "-c", program], in: directory.path).status == 0)
    #expect(try index(directory).job.failureCode == "not_an_index")
    #expect(try search(directory, "x").failureCode == "not_an_index")
    #expect(unlink(directory.path + "/i.db") == 0)
    #expect(try search(directory, "x").failureCode == "not_found")
    #expect(try index(directory).job.failure == nil)
    let other = #"{"path":"\#(directory.path)","database":"\#(directory.path)/i.db"}"#
    #expect(try run("index.files", of: "index", other).failureCode == "other_tree")
  }

  @Test(
    "Parameters that don't fit are refused",
    arguments: [
      ("index.files", #"{"path":"tree","database":"/tmp/x.db"}"#),
      ("index.files", #"{"path":"/etc","database":"x.db"}"#),
      ("index.files", #"{"path":"/etc","database":"/tmp/x.db","max_file":"1G"}"#),
      ("index.search", #"{"database":"/tmp/x.db","query":""}"#), ("index.search", #"{"query":"x"}"#),
      ("index.search", #"{"database":"/tmp/x.db","query":"x","limit":0}"#),
    ])
  func wrongParameters(_ handler: String, _ parameters: String) throws {
    #expect(try run(handler, of: "index", parameters).failureCode == "invalid_parameters")
  }
}
