import FoundationEssentials
import Hummingbird
import Logging
import TestSupport
import Testing
import Yams

@testable import MillraceHTTP

@Suite("The OpenAPI document")
struct OpenAPITests {
  private let document: OpenAPIDocument

  init() throws {
    let root = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
      .deletingLastPathComponent()
    document = try OpenAPIDocument(
      String(contentsOf: root.appending(path: "docs/openapi.yaml"), encoding: .utf8))
  }

  @Test("each route is documented, and each documented one is there")
  func routes() {
    let router = Router(context: APIContext.self)
    let server = APIServer(
      serving: FakeJobService(), metrics: FakeMetricsSource(), configuration: .init(socketPath: "/none"),
      logger: Logger(label: "test"))
    let routes = server.makeRoutes(on: router).rows.flatMap { row in
      let path = row.pattern.map { $0.hasPrefix(":") ? "{\($0.dropFirst())}" : String($0) }
      return row.needs.map(\.method).filter { $0 != .head }.map {
        "\($0.rawValue) /\(path.joined(separator: "/"))"
      }
    }
    #expect(routes.count == Set(routes).count)
    #expect(Set(routes).subtracting(document.operations.keys) == [], "these are not documented")
    #expect(Set(document.operations.keys).subtracting(routes) == [], "these are documented and not there")
  }

  @Test("each reference leads somewhere, and each component is referred to")
  func references() {
    let references = Set(document.references)
    #expect(references.filter { document.value(at: $0) == nil } == [], "these lead nowhere")
    #expect(Set(document.components).subtracting(references) == [], "nobody refers to these")
  }

  @Test("each operation has a name of its own, a known tag, a summary, and errors that are problems")
  func operations() throws {
    let names = document.operations.values.compactMap { $0["operationId"] as? String }
    #expect(names.count == document.operations.count)
    #expect(Set(names).count == names.count)
    for (label, operation) in document.operations {
      let tags = try #require(operation["tags"] as? [String], "\(label)")
      #expect(tags.count == 1 && document.tags.contains(tags[0]), "\(label): \(tags)")
      #expect((operation["summary"] as? String)?.hasSuffix(".") ?? false, "\(label)")
      let answers = try #require(operation["responses"] as? [String: [String: Any]], "\(label)")
      #expect(answers.keys.contains { $0.hasPrefix("2") }, "\(label)")
      for (status, answer) in answers where !status.hasPrefix("2") {
        let content = document.resolved(answer)["content"] as? [String: Any]
        #expect(content.map { Array($0.keys) } == ["application/problem+json"], "\(label): \(status)")
      }
    }
  }

  @Test("each part of a path is described, and nothing else")
  func pathParameters() {
    for (label, operation) in document.operations {
      let path = label.split(separator: " ")[1]
      let parts = path.split(separator: "/").filter { $0.hasPrefix("{") }.map { $0.dropFirst().dropLast() }
      let own = operation["parameters"] as? [[String: Any]] ?? []
      let described = (own + document.parameters(of: String(path))).map(document.resolved)
        .filter { $0["in"] as? String == "path" }.compactMap { $0["name"] as? String }
      #expect(described.sorted() == parts.map(String.init).sorted(), "\(label)")
    }
  }

  @Test("what is sent and answered has no members that are not described")
  func closedObjects() {
    let open = document.openObjects
    // Parameters of handlers, attributes of events, and what schedules look for, are anybody's.
    let known: Set = ["parameters", "parameter_schema", "definition", "where", "CloudEvent", "Parameters"]
    #expect(open.filter { !known.contains($0) } == [])
  }
}
