import FoundationEssentials
import Testing

@Suite("Parameters that nobody means harm nothing")
struct HostileParametersTests {
  /// A mebibyte of arrays in each other.
  private static func nested(in parameter: String) -> String {
    let half = 1 << 19
    let arrays = String(repeating: "[", count: half) + String(repeating: "]", count: half)
    return #"{"\#(parameter)":\#(arrays)}"#
  }

  @Test(
    "A mebibyte of nested arrays is one clear error",
    arguments: [
      ("cleanup", "cleanup.files", "path"), ("archiver", "file.archive", "except"),
      ("archiver", "file.extract", "archive"), ("mirror", "file.mirror", "except"),
      ("sqlite", "sqlite.maintain", "actions"), ("index", "index.files", "include"),
      ("index", "index.search", "query"), ("exec", "exec", "command"), ("http", "http.request", "url"),
      ("http", "notify.webhook", "url"), ("checksum", "checksum", "path"), ("lookup", "lookup", "keys"),
      ("thumbnail", "thumbnail", "width"), ("health", "health.check", "http"),
      ("metrics", "metrics.collect", "any"), ("balloon", "balloon", "memory"), ("spin", "sleep", "seconds"),
    ])
  func nested(_ library: String, _ handler: String, _ parameter: String) throws {
    let job = try run(handler, of: library, Self.nested(in: parameter))
    #expect(job.status == 0)
    #expect(job.failure?.code == "invalid_parameters")
    #expect(job.failure?.message == "the parameters are not JSON: maximum parsing depth reached near '['")
    #expect(job.events.count == 2, "a failure, and the end")
  }

  @Test("It is one for handlers in Swift and in Python, too")
  func nestedElsewhere() throws {
    let inSwift = try run("wordcount", of: "wordcount", Self.nested(in: "path"))
    #expect(inSwift.status == 0 && inSwift.failure?.code == "invalid_parameters", "\(inSwift)")
    let directory = try TemporaryDirectory()
    try directory.write(
      "libpython.so", try Data(contentsOf: URL(filePath: "\(productsDirectory)/libpython.so")))
    let text = "from millrace import handler\n@handler\ndef any(x): return 1\n"
    try directory.write("libpython.d/any.py", text.utf8)
    var surroundings = Surroundings()
    surroundings.library = directory.path + "/libpython.so"
    let inPython = try run("any", of: "python", Self.nested(in: "x"), in: surroundings)
    #expect(inPython.status == 0 && inPython.failure?.code == "invalid_parameters", "\(inPython)")
    #expect(inPython.events.count == 2, "\(inPython)")
  }
}
