import FoundationEssentials
import Testing

@Suite("metrics.collect measures the machine")
struct MetricsTests {
  private func figures(_ parameters: String) throws -> [String: Double] {
    let job = try run("metrics.collect", of: "metrics", parameters)
    try #require(job.failure == nil, "\(job)")
    #expect(job.mediaType == "application/vnd.millrace.figures+json")
    return try JSONDecoder().decode([String: Double].self, from: Data(try #require(job.result)))
  }

  @Test("What every machine has is told, in numbers that make sense")
  func machine() throws {
    let figures = try figures(#"{"disks":["/","/proc"],"seconds":0.2}"#)
    let total = try #require(figures["memory_total_bytes"])
    #expect(total > 64e6)
    #expect((0...total).contains(try #require(figures["memory_available_bytes"])))
    #expect((0...100).contains(try #require(figures["cpu_busy_percent"])))
    #expect((0...100).contains(try #require(figures["disk_used_percent /"])))
    #expect(figures["disk_free_bytes /proc"] == 0)
    #expect(figures["disk_used_percent /proc"] == nil, "a file system without blocks is not full")
    #expect(figures["load_1m"] != nil)
  }

  @Test("Without time to watch there are no rates")
  func noRates() throws {
    let figures = try figures(#"{"disks":[],"seconds":0}"#)
    #expect(figures["memory_total_bytes"] != nil)
    #expect(figures.keys.allSatisfy { !$0.hasPrefix("disk_") })
  }

  @Test("A disk that is not there fails the job")
  func noDisk() throws {
    let job = try run("metrics.collect", of: "metrics", #"{"disks":["/nowhere"],"seconds":0}"#)
    #expect(job.failureCode == "not_found")
    #expect(job.failure?.message == "cannot look at the disk of `/nowhere`: No such file or directory")
    #expect(job.result == nil)
  }
}
