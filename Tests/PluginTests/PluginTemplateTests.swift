import FoundationEssentials
import Glibc
import PluginRecording
import TestSupport
import Testing

@Suite("`millrace plugin new` writes plugins that build and work")
struct PluginTemplateTests {
  private static let templates = "\(SwiftPlugin.repository)/Sources/PluginTemplates"

  /// Calls `millrace plugin new`.
  private func new(
    _ name: String, _ language: String, in directory: TemporaryDirectory, templates: String = Self.templates
  ) throws -> (output: String, status: Int32) {
    try execute(
      ["\(productsDirectory)/millrace", "plugin", "new", name, "--lang", language, "--templates", templates],
      in: directory.path)
  }

  @Test(
    "What is written builds, passes its own test, and does a job as the plugin that it is",
    arguments: [
      ("swift", "file.digest"), ("c", "try"), ("cpp", "file.digest"), ("rust", "file-digest"),
      ("go", "job"),
    ])
  func compiled(_ language: String, _ name: String) throws {
    guard try Toolchain.isThere(for: language, "the template") else { return }
    let directory = try TemporaryDirectory()
    let written = try new(name, language, in: directory)
    try #require(written.status == 0, "\(written.output)")
    #expect(written.output == "\(name): try it with `make -C \(name) test`\n")
    let project = "\(directory.path)/\(name)"
    let made = try execute(["env", "GOCACHE=\(directory.path)/go-cache", "make", "test"], in: project)
    try #require(made.status == 0, "\(made.output)")
    // The linker warns of a function in Swift's own Foundation.
    #expect(language == "swift" || !made.output.contains("warning:"), "\(made.output)")

    let library = "\(project)/lib\(name).so"
    let built = Surroundings(library: library)
    let job = try run(name, of: name, #"{"who":"J\u00fcrgen \"J\"","times":3}"#, in: built)
    #expect(job.text == String(repeating: "Hello, Jürgen \"J\"!\n", count: 3), "\(job)")
    #expect(job.fractions.last == 1)
    #expect(job.mediaType == "text/plain; charset=utf-8")
    #expect(job.events.last == .returned(0))
    #expect(try run(name, of: name, "[", in: built).failureCode == "invalid_parameters")
    let schema = try execute(["./try", library], in: project).output
    #expect(schema.contains(#""default":"world""#), "\(schema)")
    if language == "swift" { try expectNoRuntime(of: library) }
    let put = try execute(["make", "install", "PLUGINS=\(directory.path)"], in: project)
    #expect(put.status == 0 && directory.names.contains("lib\(name).so"), "\(put.output)")
  }

  /// A plugin in Swift must run where there is no Swift.
  private func expectNoRuntime(of library: String) throws {
    let needed = try execute(["readelf", "--dynamic", library], in: "/").output
    #expect(needed.contains("libc.so.6") && !needed.contains("libswift"), "\(needed)")
    #expect(!needed.contains("libFoundation") && !needed.contains("libdispatch"), "\(needed)")
  }

  @Test("The functions in Python pass their own test")
  func python() throws {
    guard try Toolchain.isThere(for: "python", "the template") else { return }
    let directory = try TemporaryDirectory()
    let written = try new("greet", "python", in: directory)
    try #require(written.status == 0, "\(written.output)")
    let made = try execute(["make", "test"], in: directory.path + "/greet")
    #expect(made.status == 0, "\(made.output)")
    #expect(made.output.contains("Ran 1 test"), "\(made.output)")
    let put = try execute(["make", "install", "PLUGINS=\(directory.path)"], in: directory.path + "/greet")
    #expect(put.status == 0 && directory.names.contains("libpython.d/greet.py"), "\(put.output)")
  }

  @Test("Nothing of the template's own name is left, in files or in their names")
  func names() throws {
    let directory = try TemporaryDirectory()
    for language in ["swift", "c", "cpp", "rust", "go", "python"] {
      let name = "my.\(language)"
      #expect(try new(name, language, in: directory).status == 0)
      let left = try execute(["grep", "-rliE", "nameless", name], in: directory.path)
      #expect(left.output.isEmpty)
      let files = try execute(["find", name, "-iname", "*nameless*", "-o", "-type", "l"], in: directory.path)
      #expect(files.output.isEmpty, "links are files in what is written")
    }
  }

  @Test("A directory that is there is left alone, and what can't be a name is refused")
  func refused() throws {
    let directory = try TemporaryDirectory()
    try directory.write("greet/mine", [])
    let there = try new("greet", "c", in: directory)
    #expect(there.status != 0)
    #expect(there.output.hasPrefix("error: cannot make `greet`: File exists\n\nhint: "), "\(there.output)")
    for (name, language, words) in [
      ("Greet", "c", "is no name for a plugin"), ("../up", "c", "is no name for a plugin"),
      ("greet", "cobol", "swift, c, cpp, rust, go"),
    ] {
      let answer = try new(name, language, in: directory)
      #expect(answer.status != 0 && answer.output.contains(words), "\(answer.output)")
    }
    let nowhere = try new("other", "c", in: directory, templates: directory.path)
    #expect(nowhere.output.hasPrefix("error: there are no templates for c in `\(directory.path)`"))
    let files = try execute(["find", ".", "-mindepth", "1"], in: directory.path)
    #expect(Set(files.output.split(separator: "\n")) == ["./greet", "./greet/mine"])
  }

  @Test("Installed templates are whole: what they write is what these sources write")
  func installed() throws {
    let directory = try TemporaryDirectory()
    let put = try execute(["\(SwiftPlugin.repository)/etc/templates", directory.path], in: "/")
    #expect(put.status == 0, "\(put.output)")
    #expect(try new("greet", "swift", in: directory, templates: directory.path + "/templates").status == 0)
    let sources = try TemporaryDirectory()
    #expect(try new("greet", "swift", in: sources).status == 0)
    let compared = try execute(
      ["diff", "-r", directory.path + "/greet", sources.path + "/greet"], in: "/")
    #expect(compared.status == 0, "\(compared.output)")
  }
}
