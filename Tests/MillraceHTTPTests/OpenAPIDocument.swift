import Testing
import Yams

/// An OpenAPI document, as far as tests look at it.
struct OpenAPIDocument {
  private let root: [String: Any]
  /// By method and path: `GET /v1/jobs`.
  let operations: [String: [String: Any]]

  private static let methods: Set = ["get", "put", "post", "delete", "patch", "options", "head", "trace"]

  init(_ text: String) throws {
    root = try #require(try Yams.load(yaml: text) as? [String: Any])
    var operations: [String: [String: Any]] = [:]
    for (path, item) in try #require(root["paths"] as? [String: [String: Any]]) {
      for (method, operation) in item where Self.methods.contains(method) {
        operations["\(method.uppercased()) \(path)"] = operation as? [String: Any]
      }
    }
    self.operations = operations
  }

  var tags: [String] { (root["tags"] as? [[String: Any]] ?? []).compactMap { $0["name"] as? String } }

  /// All places that are referred to, as often as they are.
  var references: [String] { Self.values(of: "$ref", in: root).compactMap { $0 as? String } }

  /// The places of all components; schemes of security are asked for by name.
  var components: [String] {
    let components = root["components"] as? [String: [String: Any]] ?? [:]
    return components.filter { $0.key != "securitySchemes" }.flatMap { kind, all in
      all.keys.map { "#/components/\(kind)/\($0)" }
    }
  }

  /// The parameters that a path has for each of its methods.
  func parameters(of path: String) -> [[String: Any]] {
    let item = (root["paths"] as? [String: [String: Any]])?[path]
    return item?["parameters"] as? [[String: Any]] ?? []
  }

  /// What a reference leads to; nil if it leads nowhere.
  func value(at reference: String) -> Any? {
    guard reference.hasPrefix("#/") else { return nil }
    return reference.dropFirst(2).split(separator: "/").reduce(root as Any?) { value, name in
      (value as? [String: Any])?[String(name)]
    }
  }

  /// The value itself, or what it refers to.
  func resolved(_ value: [String: Any]) -> [String: Any] {
    guard let reference = value["$ref"] as? String else { return value }
    return self.value(at: reference) as? [String: Any] ?? [:]
  }

  /// The names under which schemas of objects are that don't say what becomes of other members.
  var openObjects: Set<String> { Self.openObjects(in: root, named: "") }

  private static func openObjects(in value: Any, named name: String) -> Set<String> {
    if let list = value as? [Any] {
      return list.reduce(into: []) { $0.formUnion(openObjects(in: $1, named: name)) }
    }
    guard let members = value as? [String: Any] else { return [] }
    let types = (members["type"] as? String).map { [$0] } ?? members["type"] as? [String] ?? []
    let isOpen = types.contains("object") && members["additionalProperties"] as? Bool != false
    let isMap = (members["additionalProperties"] as? [String: Any]) != nil && members["properties"] == nil
    var found: Set<String> = isOpen && !isMap ? [name] : []
    for (name, member) in members { found.formUnion(openObjects(in: member, named: name)) }
    return found
  }

  private static func values(of key: String, in value: Any) -> [Any] {
    if let list = value as? [Any] { return list.flatMap { values(of: key, in: $0) } }
    guard let members = value as? [String: Any] else { return [] }
    return members.flatMap { name, member in name == key ? [member] : values(of: key, in: member) }
  }
}
