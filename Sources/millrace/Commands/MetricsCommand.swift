import ArgumentParser
import MillraceClient

/// `millrace metrics`: what a scraper would read.
struct MetricsCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "metrics",
    abstract: "Print the runner's metrics as Prometheus reads them.",
    discussion: """
      examples:
        millrace metrics
        cd /var/lib/prometheus/node-exporter &&
          millrace metrics > millrace.prom.new && mv millrace.prom.new millrace.prom

      The same as `GET /metrics` on the runner's socket. docs/metrics.md has every family, and how a \
      Prometheus comes to them.
      """)

  @OptionGroup var runner: RunnerOptions

  @Flag(help: "In OpenMetrics 1.0, with units and an end.")
  var openmetrics = false

  func run() throws { try StandardOutput.write(try runner.client.metrics(inOpenMetrics: openmetrics)) }
}
