import MillraceCore
import Testing

@Suite("What an attempt used over its time")
struct UsageSeriesTests {
  private static func series(of count: Int) -> UsageSeries {
    var series = UsageSeries()
    for second in 0..<count {
      series.add(
        UsageSample(workingSet: Bytes(Int64(second)), cpu: .seconds(second)),
        at: Timestamp(microseconds: Int64(second) * 1_000_000))
    }
    return series
  }

  @Test("while there is room, every sample is a point")
  func short() {
    let points = Self.series(of: UsageSeries.mostPoints).points
    #expect(points.map(\.sample.workingSet) == (0..<UsageSeries.mostPoints).map { Bytes(Int64($0)) })
    #expect(points.map(\.time.rawValue) == (0..<UsageSeries.mostPoints).map { Int64($0) * 1_000_000 })
  }

  @Test(
    "later they are as many, at equal distances, from the first one on",
    arguments: [121, 122, 500, 3600, 100_000])
  func long(count: Int) throws {
    let times = Self.series(of: count).points.map(\.time.rawValue)
    #expect((UsageSeries.mostPoints / 2...UsageSeries.mostPoints).contains(times.count))
    let distances = Set(zip(times, times.dropFirst()).map { $1 - $0 })
    #expect(times.first == 0 && distances.count == 1)
    // The newest is not older than one distance.
    let last = try #require(times.last)
    #expect(Int64(count - 1) * 1_000_000 - last < (distances.first ?? 0))
  }
}
