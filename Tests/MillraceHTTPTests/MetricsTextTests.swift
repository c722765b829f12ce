import MillraceClient
import MillraceEngine
import TestSupport
import Testing

@testable import MillraceHTTP

@Suite("The text of metrics")
struct MetricsTextTests {
  private func reading(_ name: String) throws -> MetricReading {
    try #require(Sample.metrics.first { $0.family.name == name })
  }

  @Test("has the older format of Prometheus")
  func prometheus() throws {
    let text = MetricsText.prometheus.text(of: [
      try reading("millrace_build"), try reading("millrace_attempts"), try reading("millrace_draining"),
    ])
    #expect(
      text == #"""
        # TYPE millrace_build_info gauge
        # HELP millrace_build_info The version of the runner.
        millrace_build_info{version="a \"version\" \\ of\nlines"} 1
        # TYPE millrace_attempts_total counter
        # HELP millrace_attempts_total Attempts that have ended, by the verdict.
        millrace_attempts_total{handler="resize",outcome="a \"outcome\" \\ of\nlines"} 28.5
        # TYPE millrace_draining gauge
        # HELP millrace_draining 1 if the runner shuts down and takes no new jobs.
        millrace_draining 3.5

        """#)
  }

  @Test("has units, names without suffixes and an end in OpenMetrics")
  func openMetrics() throws {
    let text = MetricsText.openMetrics.text(of: [
      try reading("millrace_build"), try reading("millrace_attempt_throttled_seconds"),
    ])
    #expect(
      text == #"""
        # TYPE millrace_build info
        # HELP millrace_build The version of the runner.
        millrace_build_info{version="a \"version\" \\ of\nlines"} 1
        # TYPE millrace_attempt_throttled_seconds counter
        # UNIT millrace_attempt_throttled_seconds seconds
        # HELP millrace_attempt_throttled_seconds How long attempts were held back by their processor limits.
        millrace_attempt_throttled_seconds_total{handler="resize"} 30.5
        # EOF

        """#)
  }

  @Test("sums the buckets of a histogram up, to the last one without a bound")
  func histogram() throws {
    let lines = MetricsText.openMetrics.text(of: [try reading("millrace_estimate_memory_ratio")])
      .split(separator: "\n").filter { !$0.hasPrefix("#") }
    let head = "millrace_estimate_memory_ratio"
    #expect(lines.first == "\(head)_bucket{handler=\"resize\",le=\"0.1\"} 1")
    #expect(lines[5] == "\(head)_bucket{handler=\"resize\",le=\"1.0\"} 3")
    #expect(
      lines.suffix(3) == [
        "\(head)_bucket{handler=\"resize\",le=\"+Inf\"} 4", "\(head)_count{handler=\"resize\"} 4",
        "\(head)_sum{handler=\"resize\"} 8.85",
      ])
  }

  @Test(
    "is OpenMetrics only for whom that is at least as dear as the older one",
    arguments: [
      (nil, MetricsText.prometheus), ("*/*", .prometheus), ("text/plain", .prometheus),
      ("application/openmetrics-text; version=1.0.0", .openMetrics),
      ("application/openmetrics-text", .openMetrics),
      ("application/openmetrics-text; version=\"1.0.0\"; charset=utf-8", .openMetrics),
      ("application/openmetrics-text;version=2.0.0,text/plain;q=0.1", .prometheus),
      ("application/openmetrics-text;q=0.4,text/plain;q=0.5", .prometheus),
      ("application/openmetrics-text;version=1.0.0;q=0", .prometheus),
      // What Prometheus 2.42 sends.
      (
        "application/openmetrics-text;version=1.0.0,application/openmetrics-text;version=0.0.1;q=0.75,"
          + "text/plain;version=0.0.4;q=0.5,*/*;q=0.1", .openMetrics
      ),
    ] as [(String?, MetricsText)])
  func negotiation(accept: String?, format: MetricsText) {
    #expect(MetricsText(accept: accept) == format)
  }
}

@Suite("The address of metrics")
struct MetricsRouteTests {
  @Test("answers in the format that is asked for, and the client understands it")
  func formats() async throws {
    try await TestServer.with(metrics: FakeMetricsSource()) { server in
      let plain = try await server.request("GET", "/metrics")
      #expect(plain.status == 200)
      #expect(plain.headers["content-type"] == MetricsText.prometheus.mediaType)
      #expect(plain.text == MetricsText.prometheus.text(of: Sample.metrics))
      let open = try await server.request(
        "GET", "/metrics", headers: ["Accept: application/openmetrics-text; version=1.0.0"])
      #expect(open.headers["content-type"] == "application/openmetrics-text; version=1.0.0; charset=utf-8")
      #expect(open.text == MetricsText.openMetrics.text(of: Sample.metrics))
      for isOpen in [false, true] {
        let bytes = try await ClientAgainstServerTests.call(server) { try $0.metrics(inOpenMetrics: isOpen) }
        #expect(bytes == (isOpen ? open : plain).body)
      }
    }
  }

  @Test("only reads, and is not below the version of the API")
  func methods() async throws {
    try await TestServer.with(metrics: FakeMetricsSource()) { server in
      let calls = [("POST", "/metrics", 405), ("GET", "/v1/metrics", 404), ("HEAD", "/metrics", 200)]
      for (method, path, status) in calls {
        let reply = try await server.request(method, path)
        #expect(reply.status == status, "\(method) \(path)")
      }
    }
  }

  @Test("is not there without a source")
  func none() async throws {
    try await TestServer.with { server in
      let reply = try await server.request("GET", "/metrics")
      #expect(reply.status == 404)
    }
  }
}
