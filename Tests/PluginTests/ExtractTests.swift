import FoundationEssentials
import Glibc
import PluginRecording
import Testing

@Suite("file.extract unpacks archives, and nothing out of its directory")
struct ExtractTests {
  private func extract(
    _ archive: [UInt8], _ more: String = "", to directory: TemporaryDirectory,
    in surroundings: Surroundings = .init()
  ) throws -> PluginRun {
    try directory.write("archive", archive)
    let parameters = #"{"archive":"\#(directory.path)/archive","target":"\#(directory.path)/out"\#(more)}"#
    return try run("file.extract", of: "archiver", parameters, in: surroundings)
  }

  /// An archive of a good file, then the entry of a test.
  private func hostile(_ add: (inout Tar) -> Void) -> [UInt8] {
    var tar = Tar()
    tar.add("good", content: "good")
    add(&tar)
    return tar.bytes
  }

  @Test(
    "What could lead out of the directory is refused by name, and nothing is left",
    arguments: [
      ("../evil", "0", "", "its path has `..` in it"), ("a/../../evil", "0", "", "its path has `..` in it"),
      ("/tmp/evil", "0", "", "its path is absolute"), ("l", "2", "/etc", "its link is absolute"),
      ("l", "2", "..", "its link leads out of the directory"),
      ("a/l", "2", "../../x", "its link leads out of the directory"),
      ("l", "2", "good/../..", "its link leads out of the directory"),
      ("l", "2", "", "its link leads nowhere"),
      ("h", "1", "/etc/passwd", "the file it links to: its path is absolute"),
      ("h", "1", "../archive", "the file it links to: its path has `..` in it"),
      ("null", "3", "", "it is a device, a pipe or a socket"),
      ("pipe", "6", "", "it is a device, a pipe or a socket"),
      (".", "0", "", "it takes the place of the directory itself"),
    ])
  func escapes(_ name: String, _ type: String, _ link: String, _ why: String) throws {
    let directory = try TemporaryDirectory()
    let job = try extract(hostile { $0.add(name, type: Character(type), link: link) }, to: directory)
    #expect(job.failureCode == "unsafe_entry", "\(job)")
    #expect(job.failure?.message == "`\(name)` is refused: \(why)")
    #expect(job.failure?.isRetryable == false)
    #expect(directory.names == ["archive"])
  }

  @Test(
    "Nothing is written through a link of the archive, in whichever order they come",
    arguments: [true, false])
  func throughLink(_ linkFirst: Bool) throws {
    let directory = try TemporaryDirectory()
    let archive = hostile {
      if linkFirst { $0.add("a", type: "2", link: "b") }
      $0.add("b", type: "5", mode: "0000755")
      $0.add("a/file", content: "x")
      if !linkFirst { $0.add("a", type: "2", link: "b") }
    }
    let job = try extract(archive, to: directory)
    #expect(job.failureCode == "unsafe_entry", "\(job)")
    #expect(directory.names == ["archive"])
  }

  @Test("Files lose setuid, setgid and sticky bits")
  func modes() throws {
    let directory = try TemporaryDirectory()
    let archive = hostile {
      $0.add("root", mode: "0006755")
      $0.add("dir", type: "5", mode: "0003755")
    }
    #expect(try extract(archive, to: directory).failure == nil)
    let modes = try execute(["stat", "-c", "%a", "root", "dir", "good"], in: directory.path + "/out")
    #expect(modes.output == "755\n755\n644\n")
  }

  @Test("Good links and later entries of one name come out as the archive means them")
  func good() throws {
    let directory = try TemporaryDirectory()
    let archive = hostile {
      $0.add("a/b/file", content: "first")
      $0.add("./a//b/file", content: "second")
      $0.add("hard", type: "1", link: "a/b/file")
      $0.add("a/soft", type: "2", link: "../good")
    }
    let job = try extract(archive, to: directory)
    #expect(job.failure == nil, "\(job)")
    #expect(
      directory.names == [
        "archive", "out", "out/a", "out/a/b", "out/a/b/file", "out/a/soft", "out/good", "out/hard",
      ])
    #expect(try String(contentsOfFile: directory.path + "/out/hard") == "second")
    #expect(try String(contentsOfFile: directory.path + "/out/a/soft") == "good")
  }

  @Test("A bomb ends with one clear error and leaves nothing", arguments: ["tar.zst", "tar.gz", "zip"])
  func bomb(_ format: String) throws {
    let directory = try TemporaryDirectory()
    #expect(truncate(try directory.write("tree/zeros", []), 128 << 20) == 0)
    let path = directory.path
    let packing = #"{"path":"\#(path)/tree","archive":"\#(path)/bomb","format":"\#(format)"}"#
    #expect(try run("file.archive", of: "archiver", packing).failure == nil)
    let unpacking = #"{"archive":"\#(path)/bomb","target":"\#(path)/out"}"#
    let job = try run("file.extract", of: "archiver", unpacking)
    #expect(job.failureCode == "too_large", "\(job)")
    #expect(job.failure?.message.hasPrefix("more than 250 times as much comes out of the archive as") == true)
    #expect(job.events.filter { if case .failure = $0 { true } else { false } }.count == 1)
    #expect(directory.names == ["bomb", "tree", "tree/zeros"])
  }

  @Test(
    "Bounds on bytes and files hold, for what a header claims, too",
    arguments: [(#","max_bytes":3"#, "max_bytes"), (#","max_files":1"#, "max_files"), ("", "max_ratio")])
  func bounds(_ more: String, _ word: String) throws {
    let directory = try TemporaryDirectory()
    let archive = hostile { $0.add("huge", content: "x", claimed: more.isEmpty ? 1 << 32 : 1) }
    let job = try extract(archive, more, to: directory)
    #expect(job.failureCode == "too_large", "\(job)")
    #expect(job.failure?.message.contains("`\(word)` allows no more") == true)
    #expect(directory.names == ["archive"])
  }

  @Test("A truncated archive, and what is none, are told apart and leave nothing")
  func damaged() throws {
    let directory = try TemporaryDirectory()
    var tar = Tar()
    tar.add("file", content: String(repeating: "x", count: 5000))
    #expect(try extract(Array(tar.bytes.prefix(2000)), to: directory).failureCode == "damaged")
    #expect(try extract(Array("no archive at all".utf8), to: directory).failureCode == "not_an_archive")
    #expect(try extract([], to: directory).failureCode == "not_an_archive")
    #expect(directory.names == ["archive"])
  }

  @Test("A directory that exists is left alone; what a killed attempt left is not")
  func existing() throws {
    let directory = try TemporaryDirectory()
    try directory.write(".millrace-42/a/half", [])
    try directory.write("out/mine", [])
    #expect(try extract(hostile { _ in }, to: directory).failureCode == "exists")
    #expect(directory.names.contains("out/mine"))
    #expect(rename(directory.path + "/out", directory.path + "/mine") == 0)
    #expect(try extract(hostile { _ in }, to: directory).failure == nil)
    #expect(directory.names == ["archive", "mine", "mine/mine", "out", "out/good"])
  }

  @Test("A stop leaves nothing")
  func stop() throws {
    let directory = try TemporaryDirectory()
    let archive = hostile { for number in 0..<5000 { $0.add("f\(number)") } }
    let stopped = Surroundings(stopsAt: { if case .progress = $0 { true } else { false } })
    let job = try extract(archive, to: directory, in: stopped)
    #expect(job.failureCode == "cancelled", "\(job.events.suffix(3))")
    #expect(directory.names == ["archive"])
  }

  @Test(
    "What is wrong has a code of its own",
    arguments: [
      (#"{"archive":"/nowhere","target":"/tmp/x"}"#, "not_found"),
      (#"{"archive":"/etc","target":"/tmp/x"}"#, "not_an_archive"),
      (#"{"archive":"/etc/passwd","target":"/nowhere/x"}"#, "not_found"),
      (#"{"archive":"/etc/passwd","target":"x"}"#, "invalid_parameters"),
      (#"{"archive":"/etc/passwd","target":"/tmp/.."}"#, "invalid_parameters"),
      (#"{"archive":"passwd","target":"/tmp/x"}"#, "invalid_parameters"),
      (#"{"archive":"/etc/passwd","target":"/tmp/x","max_ratio":0}"#, "invalid_parameters"),
      ("{}", "invalid_parameters"),
    ])
  func wrong(_ parameters: String, _ code: String) throws {
    let job = try run("file.extract", of: "archiver", parameters)
    #expect(job.failureCode == code, "\(job)")
  }
}
