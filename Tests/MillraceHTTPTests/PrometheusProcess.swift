import Foundation
import TestSupport

/// A real Prometheus that scrapes a port of this machine, with its data in a directory of its own.
final class PrometheusProcess: Sendable {
  /// What it says of whom it scrapes.
  struct Target: Decodable {
    let health: String
    let lastError: String
  }

  private struct Answer<Content: Decodable>: Decodable { let data: Content }
  private struct Targets: Decodable { let activeTargets: [Target] }
  private struct Groups: Decodable {
    struct Rule: Decodable {
      let name: String
      let health: String
      let lastError: String?
    }
    struct Group: Decodable { let rules: [Rule] }
    let groups: [Group]
  }
  private struct Vector: Decodable {
    struct Point: Decodable {
      /// The time, and the number as text.
      let value: (Double, String)

      enum CodingKeys: CodingKey { case value }

      init(from decoder: any Decoder) throws {
        var pair = try decoder.container(keyedBy: CodingKeys.self).nestedUnkeyedContainer(forKey: .value)
        value = (try pair.decode(Double.self), try pair.decode(String.self))
      }
    }
    let result: [Point]
  }

  private let process: TestProcess
  private let directory: TemporaryDirectory
  private let port: UInt16
  /// How long it may take to get to work: a machine can be busy.
  private static let patience = Duration.seconds(60)

  /// Starts one; returns when it answers.
  init(scraping target: UInt16, rules: String) async throws {
    directory = try TemporaryDirectory()
    let configuration = """
      global: {scrape_interval: 1s, evaluation_interval: 1s}
      rule_files: ["\(rules)"]
      scrape_configs:
        - job_name: millrace
          static_configs: [{targets: ["127.0.0.1:\(target)"]}]
      """
    let file = directory.path + "/prometheus.yml"
    try configuration.write(toFile: file, atomically: true, encoding: .utf8)
    let process = try TestProcess(
      "/usr/bin/env",
      [
        "prometheus", "--config.file=\(file)", "--storage.tsdb.path=\(directory.path)/data",
        "--web.listen-address=127.0.0.1:0",
      ])
    self.process = process
    let log = try await Self.wait(for: "it listens") {
      let log = process.errors
      if log.contains("Server is ready") { return log }
      guard kill(process.pid, 0) == 0 else { throw TestFailure("Prometheus ended: \(log)") }
      return nil
    }
    let address = log.firstMatch(of: /msg="Listening on" address=127\.0\.0\.1:([0-9]+)/)
    guard let port = address.flatMap({ UInt16($0.1) }) else { throw TestFailure("no port in \(log)") }
    self.port = port
  }

  /// Ends it.
  func stop() {
    // Nothing is asked of it any more: how it ends does not matter.
    _ = try? process.end(by: SIGKILL)
  }

  /// Returns its target when that was scraped, with or without success.
  func scrapedTarget() async throws -> Target {
    try await Self.wait(for: "a scrape") {
      let target = try await decode(Targets.self, "/api/v1/targets").activeTargets.first
      return target?.health == "unknown" ? nil : target
    }
  }

  /// Returns what is wrong with the rules when all were evaluated.
  func ruleErrors() async throws -> [String] {
    try await Self.wait(for: "the rules") {
      let rules = try await decode(Groups.self, "/api/v1/rules").groups.flatMap(\.rules)
      guard !rules.isEmpty, rules.allSatisfy({ $0.health != "unknown" }) else { return nil }
      return rules.filter { $0.health != "ok" }.map { "\($0.name): \($0.lastError ?? "")" }
    }
  }

  /// Returns the numbers that a query finds.
  func query(_ text: String) async throws -> [Double] {
    var characters = CharacterSet.alphanumerics
    characters.insert(charactersIn: "-._~")
    let encoded = text.addingPercentEncoding(withAllowedCharacters: characters) ?? ""
    let vector = try await decode(Vector.self, "/api/v1/query?query=\(encoded)")
    return vector.result.compactMap { Double($0.value.1) }
  }

  /// Returns the body of an answer.
  func get(_ target: String) async throws -> String {
    let client = try SocketClient(port: port)
    try await client.send("GET \(target) HTTP/1.1\r\nHost: localhost\r\n\r\n")
    let reply = try await client.reply()
    guard reply.status == 200 else { throw TestFailure("\(target): \(reply.status) \(reply.text)") }
    return reply.text
  }

  private func decode<Content: Decodable>(_ shape: Content.Type, _ target: String) async throws -> Content {
    try JSONDecoder().decode(Answer<Content>.self, from: Data(try await get(target).utf8)).data
  }

  private static func wait<Value>(
    for what: String, _ look: () async throws -> Value?
  ) async throws -> Value {
    let deadline = ContinuousClock.now + patience
    while ContinuousClock.now < deadline {
      if let value = try await look() { return value }
      try await Task.sleep(for: .milliseconds(50))
    }
    throw TestFailure("Prometheus: waited in vain for \(what)")
  }
}
