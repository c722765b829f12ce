import Testing

@Suite("Parameters that nobody means harm nothing")
struct HostileParametersTests {
  @Test(
    "A mebibyte of nested arrays is one clear error",
    arguments: [
      ("cleanup", "cleanup.files", "path"), ("archiver", "file.archive", "except"),
      ("archiver", "file.extract", "archive"), ("mirror", "file.mirror", "except"),
      ("sqlite", "sqlite.maintain", "actions"), ("index", "index.files", "include"),
      ("index", "index.search", "query"),
    ])
  func nested(_ library: String, _ handler: String, _ parameter: String) throws {
    let half = 1 << 19
    let arrays = String(repeating: "[", count: half) + String(repeating: "]", count: half)
    let job = try run(handler, of: library, #"{"\#(parameter)":\#(arrays)}"#)
    #expect(job.status == 0)
    #expect(job.failure?.code == "invalid_parameters")
    #expect(job.failure?.message == "the parameters are not JSON: maximum parsing depth reached near '['")
    #expect(job.events.count == 2, "a failure, and the end")
  }
}
