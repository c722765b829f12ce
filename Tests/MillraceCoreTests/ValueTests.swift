import MillraceCore
import Testing

@Suite("Values as people write and read them")
struct ValueTests {
  @Test(
    "a size is read",
    arguments: [
      ("0", 0), ("512", 512), ("512b", 512), ("64K", 64 << 10), ("64kb", 64 << 10), ("256M", 256 << 20),
      ("1.5G", 3 << 29), ("2GiB", 2 << 30), ("2gib", 2 << 30), ("1TB", 1 << 40), ("0.5k", 512),
      ("007", 7), ("9223372036854775807", .max), ("8388607T", 8_388_607 << 40),
    ] as [(String, Int64)])
  func size(text: String, count: Int64) { #expect(Bytes(text: text) == Bytes(count)) }

  @Test(
    "a text that is no size is not read",
    arguments: [
      "", "K", "-1", "+1", "1 K", " 1", "1e3", "1.5.2K", ".5K", "5.K", "1P", "1X", "١K", "0x10", "nan", "inf",
      "9223372036854775808", "8388608T", "99999999999999999999G", "1KB B", "1ib", "1iB", "1KiBb", "K1",
    ])
  func noSize(text: String) { #expect(Bytes(text: text) == nil) }

  @Test(
    "a size is shown",
    arguments: [
      (0, "0 B"), (512, "512 B"), (1023, "1023 B"), (1024, "1 KiB"), (1536, "1.5 KiB"),
      (64_277_709, "61.3 MiB"),
      (2 << 30, "2 GiB"), (1_048_575, "1 MiB"), (1_073_741_823, "1 GiB"), (3000 << 40, "3000 TiB"),
    ] as [(Int64, String)])
  func shownSize(count: Int64, text: String) { #expect(Bytes(count).description == text) }

  @Test("a difference of sizes is never below zero")
  func difference() {
    #expect(Bytes(5) - Bytes(7) == .zero)
    #expect(Bytes(7) - Bytes(5) == Bytes(2))
    #expect(Bytes.kibibytes(1) + .mebibytes(1) + .gibibytes(1) == Bytes(1024 + 1_048_576 + 1_073_741_824))
  }

  @Test(
    "a span is read",
    arguments: [
      ("0s", 0), ("90s", 90_000_000), ("1.5h", 5_400_000_000), ("500ms", 500_000), ("2d", 172_800_000_000),
      ("1h30m", 5_400_000_000), ("1w", 604_800_000_000), ("0.001ms", 1), ("1m1m", 120_000_000),
    ] as [(String, Int64)])
  func span(text: String, microseconds: Int64) {
    #expect(Duration(text: text) == .microseconds(microseconds))
  }

  @Test(
    "a text that is no span is not read",
    arguments: [
      "", "5", "s", "-5s", "+5s", "5 s", "5S", "5y", "1h30", "1e3s", "infs", "nans", "1.2.3s", "１s",
      "10000000w",
      "99999999999999999999999999d", "1h-30m",
    ])
  func noSpan(text: String) { #expect(Duration(text: text) == nil) }

  @Test(
    "a span is shown",
    arguments: [
      (0, "0 µs"), (999, "999 µs"), (350_000, "350 ms"), (2_400_000, "2.4 s"), (2_000_000, "2 s"),
      (200_000_000, "3 min 20 s"), (18_720_000_000, "5 h 12 min"), (273_600_000_000, "3 d 4 h"),
      (-2_400_000, "-2.4 s"), (59_999_999, "59.9 s"), (60_000_000, "1 min 0 s"),
    ] as [(Int64, String)])
  func shownSpan(microseconds: Int64, text: String) {
    #expect(Duration.microseconds(microseconds).text == text)
  }

  @Test("a time is counted on and back in microseconds")
  func time() {
    let time = Timestamp(microseconds: 10_500)
    #expect(time + .milliseconds(2) == Timestamp(microseconds: 12_500))
    #expect(time - .milliseconds(2) == Timestamp(microseconds: 8_500))
    #expect(time - Timestamp(microseconds: 500) == .milliseconds(10))
    #expect(time.milliseconds == 10)
    #expect(Duration.milliseconds(1_500).seconds == 1.5)
  }

  @Test("a job and an attempt are read as they are shown", arguments: [1, 42, Int64.max])
  func identities(number: Int64) {
    let job = JobID(number)
    let attempt = AttemptID(job: job, number: 3)
    #expect(JobID(text: "\(job)") == job)
    #expect("\(attempt)" == "\(number).3")
    #expect(AttemptID(text: "\(attempt)") == attempt)
  }

  @Test(
    "a text that is no job number is not read",
    arguments: ["", "0", "-1", "+1", "1.0", "a", " 1", "1 ", "9223372036854775808", "１"])
  func noJob(text: String) {
    #expect(JobID(text: text) == nil)
    #expect(AttemptID(text: "\(text).1") == nil)
  }

  @Test(
    "a text that is no attempt is not read", arguments: ["1", "1.", "1.0", "1.-1", "1.+1", "1.1.1", ".1"])
  func noAttempt(text: String) { #expect(AttemptID(text: text) == nil) }

  @Test("attempts go by job, then by number")
  func order() {
    let sorted = ["1.1", "1.2", "1.10", "2.1", "10.1"].compactMap(AttemptID.init(text:))
    #expect(sorted.count == 5)
    #expect(sorted.reversed().sorted() == sorted)
  }

  @Test("a priority is 1 to 10", arguments: -1...12)
  func priority(value: Int) {
    #expect(Priority(rawValue: value)?.rawValue == ((1...10).contains(value) ? value : nil))
  }

  @Test(
    "a name of a handler",
    arguments: [
      ("a", true), ("a1-_.z", true), (String(repeating: "a", count: 64), true), ("", false), ("1a", false),
      ("A", false), ("a b", false), ("a/b", false), ("ä", false), ("a\0", false), ("-a", false),
      (String(repeating: "a", count: 65), false),
    ])
  func handlerName(name: String, isValid: Bool) { #expect(Handler.isValidName(name) == isValid) }

  @Test("wishes of one are filled from another's, and put into terms")
  func wishes() {
    let own = Wishes(memory: Bytes(1), timeout: .seconds(1), maxAttempts: 1)
    let other = Wishes(
      memory: Bytes(2), cpuMillis: 2, pids: 2, io: [IOLimit(device: "8:0")], timeout: .seconds(2),
      grace: .seconds(2), maxAttempts: 2, retryDelay: .seconds(2))
    let filled = own.filled(from: other)
    #expect(
      filled
        == Wishes(
          memory: Bytes(1), cpuMillis: 2, pids: 2, io: [IOLimit(device: "8:0")], timeout: .seconds(1),
          grace: .seconds(2), maxAttempts: 1, retryDelay: .seconds(2)))
    let terms = Terms(
      limits: Limits(memory: Bytes(9), cpuMillis: 9, pids: 9), timeout: .seconds(9), grace: .seconds(9),
      maxAttempts: 9, retryDelay: .seconds(9))
    #expect(terms.amended(by: Wishes()) == terms)
    #expect(
      terms.amended(by: filled)
        == Terms(
          limits: Limits(memory: Bytes(1), cpuMillis: 2, pids: 2, io: [IOLimit(device: "8:0")]),
          timeout: .seconds(1), grace: .seconds(2), maxAttempts: 1, retryDelay: .seconds(2)))
  }
}
