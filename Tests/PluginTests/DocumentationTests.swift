import FoundationEssentials
import TestSupport
import Testing

@Suite("What the pages for authors of plugins show compiles")
struct DocumentationTests {
  /// A fenced block with a language.
  private struct Block {
    var place: String
    var language: String
    var text: String
  }

  private static let documents = "\(SwiftPlugin.repository)/docs"
  private static let sources = "\(SwiftPlugin.repository)/Sources"

  /// The blocks of all pages, in their order.
  private func blocks() throws -> [Block] {
    let pages = try FileManager.default.contentsOfDirectory(atPath: Self.documents + "/plugins").sorted()
    return try (["plugins.md"] + pages.map { "plugins/" + $0 }).flatMap { try blocks(of: $0) }
  }

  private func blocks(of page: String) throws -> [Block] {
    var blocks: [Block] = []
    var open: Block?
    let text = try String(contentsOfFile: "\(Self.documents)/\(page)")
    for (index, line) in text.split(separator: "\n", omittingEmptySubsequences: false).enumerated() {
      if !line.hasPrefix("```") {
        open?.text += line + "\n"
      } else if let block = open {
        if !block.language.isEmpty { blocks.append(block) }
        open = nil
      } else {
        open = Block(place: "\(page):\(index + 1)", language: String(line.dropFirst(3)), text: "")
      }
    }
    #expect(open == nil, "\(page): a block does not end")
    return blocks
  }

  @Test("Each block is in a language that is checked here, and each language has one")
  func languages() throws {
    let found = Dictionary(grouping: try blocks(), by: \.language).mapValues { $0.map(\.place) }
    #expect(Set(found.keys) == ["swift", "c", "cpp", "rust", "go", "python", "sh"], "\(found)")
  }

  @Test("The blocks compile", arguments: ["swift", "c", "cpp", "rust", "go", "python", "sh"])
  func compile(_ language: String) throws {
    guard try Toolchain.isThere(for: language, "what the documents show") else { return }
    for block in try blocks() where block.language == language {
      let directory = try TemporaryDirectory()
      let built = try execute(try command(for: block, in: directory), in: directory.path)
      #expect(built.status == 0, "docs/\(block.place):\n\(built.output)")
    }
  }

  /// Returns what builds a block, whose text is put into the directory.
  private func command(for block: Block, in directory: TemporaryDirectory) throws -> [String] {
    func write(_ name: String) throws -> String { try directory.write(name, Array(block.text.utf8)) }
    let strict = [
      "-Wall", "-Wextra", "-Werror", "-O2", "-c", "-o", "/dev/null",
      "-I\(Self.sources)/CMillrace/include", "-I\(Self.sources)/CMillraceParameters/include",
    ]
    switch block.language {
    case "swift": return ["swiftc", "-typecheck"] + SwiftPlugin.kit + [try write("Plugin.swift")]
    case "c": return ["cc", "-std=gnu11"] + strict + [try write("plugin.c")]
    case "cpp": return ["c++", "-std=c++17"] + strict + [try write("plugin.cpp")]
    case "rust":
      let project = try project("rust", in: directory, replacing: "src/lib.rs", by: block.text)
      return ["cargo", "build", "--offline", "--quiet", "--manifest-path", "\(project)/Cargo.toml"]
    case "go":
      let project = try project("go", in: directory, replacing: "main.go", by: block.text)
      return [
        "env", "-C", project, "GOCACHE=\(directory.path)/cache", "go", "build", "-buildvcs=false",
        "-buildmode=c-shared", "-o", "/dev/null", ".",
      ]
    case "python": return ["python3", "-B", "-c", Self.standIn, try write("plugin.py")]
    case "sh": return ["bash", "-n", try write("commands.sh")]
    default: return ["false"]
    }
  }

  /// Copies a template, with another text in one of its files; returns where it is.
  private func project(
    _ language: String, in directory: TemporaryDirectory, replacing file: String, by text: String
  ) throws -> String {
    let project = directory.path + "/project"
    let copied = try execute(
      ["cp", "-rL", "\(Self.sources)/PluginTemplates/\(language)", project], in: directory.path)
    #expect(copied.status == 0, "\(copied.output)")
    try directory.write("project/" + file, Array(text.utf8))
    return project
  }

  /// Runs a file of handlers, whose functions nobody calls, with a module `millrace` that does nothing.
  private static let standIn = """
    import runpy, sys, types
    millrace = types.ModuleType("millrace")
    millrace.handler = lambda function=None, **settings: function or (lambda function: function)
    millrace.Failure = millrace.Snooze = type("Failure", (Exception,), {})
    millrace.Secret = type("Secret", (), {})
    sys.modules["millrace"] = millrace
    runpy.run_path(sys.argv[1])
    """
}
