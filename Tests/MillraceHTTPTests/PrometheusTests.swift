import Foundation
import MillraceEngine
import TestSupport
import Testing

@testable import MillraceHTTP

/// What Prometheus and Grafana make of our metrics. They are Debian's programs (`etc/setup.sh`).
@Suite("Prometheus itself", .serialized, .timeLimit(.minutes(3)))
struct PrometheusTests {
  private func promtool(_ arguments: String..., input: String = "") async throws -> TestProcess.Run {
    try await TestProcess("/usr/bin/env", ["promtool"] + arguments, input: Data(input.utf8)).ended()
  }

  @Test("has nothing to say against our names, and finds what is wrong elsewhere")
  func lint() async throws {
    let text = MetricsText.prometheus.text(of: Sample.metrics)
    let clean = try await promtool("check", "metrics", input: text)
    #expect(clean == .init(status: 0, output: "", errors: ""))
    let wrong = text.replacing("millrace_jobs_ended_total", with: "millrace_jobs_ended")
    let complaint = try await promtool("check", "metrics", input: wrong)
    #expect(complaint.status != 0 && complaint.errors.contains("_total"), "\(complaint)")
  }

  @Test("takes the alerts")
  func alerts() async throws {
    let run = try await promtool("check", "rules", Shipped.alerts.path)
    #expect(run.status == 0 && run.output.contains("SUCCESS"), "\(run)")
  }

  @Test(
    "finds every name of the dashboard and the alerts among ours",
    arguments: [Shipped.alerts, Shipped.dashboard])
  func names(file: URL) throws {
    let text = String(decoding: try Data(contentsOf: file), as: UTF8.self)
    let samples = MetricsText.prometheus.text(of: Sample.metrics).split(separator: "\n")
      .filter { !$0.hasPrefix("#") }
    let known = Set(samples.map { $0.prefix { $0 != "{" && $0 != " " } })
    let used = Set(text.matches(of: /millrace_[a-z_]+/).map(\.output))
    #expect(used.count > 5 && used.subtracting(known).isEmpty, "unknown: \(used.subtracting(known))")
  }

  @Test("scrapes a server in OpenMetrics, evaluates the alerts and every query of the dashboard")
  func scrape() async throws {
    try await TestServer.with(metrics: FakeMetricsSource()) { server in
      let relay = try TCPRelay(to: server.path)
      let prometheus = try await PrometheusProcess(scraping: relay.port, rules: Shipped.alerts.path)
      defer { prometheus.stop() }
      let target = try await prometheus.scrapedTarget()
      #expect(target.lastError.isEmpty && target.health == "up")
      for reading in Sample.metrics {
        guard case .number(let number)? = reading.points.first?.value else { continue }
        let suffixes = [MetricFamily.Kind.counter: "_total", .info: "_info"]
        let name = reading.family.name + (suffixes[reading.family.kind] ?? "")
        #expect(try await prometheus.query(name) == [number], "\(name)")
      }
      let bucket = "millrace_estimate_memory_ratio_bucket{handler=\"resize\",le=\"1.0\"}"
      #expect(try await prometheus.query(bucket) == [3])
      // Only OpenMetrics has units.
      let metadata = try await prometheus.get("/api/v1/metadata?metric=millrace_attempt_cpu_seconds")
      #expect(metadata.contains("\"unit\":\"seconds\"") && metadata.contains("\"type\":\"counter\""))
      #expect(try await prometheus.ruleErrors().isEmpty)
      for expression in try Dashboard(Shipped.dashboard).queries {
        #expect(!expression.contains("$"), "a variable that the dashboard does not have")
        _ = try await prometheus.query(expression)
      }
    }
  }
}

/// The files that ship.
private enum Shipped {
  private static let etc = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
    .deletingLastPathComponent().appending(path: "etc")
  static let alerts = etc.appending(path: "prometheus/alerts.yaml")
  static let dashboard = etc.appending(path: "grafana/millrace.json")
}

/// What a test reads of a dashboard.
private struct Dashboard: Decodable {
  struct Panel: Decodable {
    struct Target: Decodable { let expr: String }
    let targets: [Target]?
  }
  let panels: [Panel]

  init(_ file: URL) throws { self = try JSONDecoder().decode(Self.self, from: Data(contentsOf: file)) }

  /// The queries with their variables filled in, as Grafana does it for all runners and handlers.
  var queries: [String] {
    panels.flatMap { $0.targets ?? [] }.map { target in
      target.expr.replacing("$__rate_interval", with: "1m").replacing("$instance", with: ".*")
        .replacing("$handler", with: ".*")
    }
  }
}
