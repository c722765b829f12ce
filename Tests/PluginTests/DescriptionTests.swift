import CMillrace
import FoundationEssentials
import Glibc
import Testing

@Suite("Plugins that ship describe themselves")
struct DescriptionTests {
  private struct Schema: Decodable {
    var type: String
    var additionalProperties: Bool
    var properties: [String: Property]
    struct Property: Decodable {}
  }

  @Test(
    "The description holds what Millrace asks for",
    arguments: [
      ("exec", ["exec"]), ("checksum", ["checksum"]), ("thumbnail", ["thumbnail"]), ("balloon", ["balloon"]),
      ("spin", ["spin", "forks", "sleep"]),
      ("lookup", ["lookup"]), ("cleanup", ["cleanup.files"]),
      ("archiver", ["file.archive", "file.extract"]), ("mirror", ["file.mirror"]),
      ("sqlite", ["sqlite.maintain"]), ("index", ["index.files", "index.search"]),
      ("http", ["http.request", "notify.webhook"]), ("health", ["health.check"]),
      ("wordcount", ["wordcount"]),
    ])
  func described(_ name: String, _ handlers: [String]) throws {
    let library = try #require(dlopen("\(productsDirectory)/lib\(name).so", RTLD_NOW | RTLD_LOCAL))
    let symbol = try #require(dlsym(library, "millrace_plugin_describe"))
    typealias Describe = @convention(c) () -> UnsafePointer<millrace_plugin>
    try check(unsafeBitCast(symbol, to: Describe.self)().pointee, name: name, handlers: handlers)
    #expect(dlsym(library, "parameters_open") == nil, "a plugin exports one symbol")
    #expect(dlsym(library, "swift_retain") == nil, "nor what Swift's runtime has")
  }

  @Test("The plugin in Swift has Swift's runtime inside")
  func runtime() throws {
    let listed = try execute(["readelf", "--dynamic", "libwordcount.so"], in: productsDirectory)
    #expect(listed.status == 0, "\(listed.output)")
    #expect(listed.output.contains("[libc.so.6]"))
    for name in ["libswift", "libFoundation", "libdispatch"] {
      #expect(!listed.output.contains(name), "\(listed.output)")
    }
  }

  private func check(_ plugin: millrace_plugin, name: String, handlers: [String]) throws {
    #expect(plugin.size == MemoryLayout<millrace_plugin>.size)
    #expect(plugin.abi == UInt32(MILLRACE_ABI))
    #expect(String(cString: plugin.name) == name)
    #expect(String(cString: plugin.version) == "0.1.0")
    let found = Array(UnsafeBufferPointer(start: plugin.handlers, count: plugin.handler_count))
    #expect(found.map { String(cString: $0.name) } == handlers)
    for handler in found {
      #expect(handler.size == MemoryLayout<millrace_handler>.size)
      #expect(strlen(handler.summary) > 0)
      let text = String(cString: try #require(handler.parameter_schema))
      let schema = try JSONDecoder().decode(Schema.self, from: Data(text.utf8))
      #expect(schema.type == "object" && !schema.additionalProperties && !schema.properties.isEmpty)
    }
  }
}
