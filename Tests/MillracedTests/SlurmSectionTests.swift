import MillraceCore
import MillraceSlurm
import MillraceYAML
import Testing

@testable import millraced

@Suite("The section `slurm`")
struct SlurmSectionTests {
  private static func read(_ text: String) throws -> Configuration {
    try ConfigurationReader.read(text, named: "m.yaml", over: ConfigurationTests.standard)
  }

  @Test("every setting is read")
  func everything() throws {
    let configuration = try Self.read(
      """
      groups:
        heavy: {place: slurm}
      defaults: {place: auto}
      handlers:
        quick: {place: local}
      slurm:
        spool: /srv/millrace
        address: 10.0.0.1:8275
        listen: ":8275"
        host: /opt/millrace-host
        user: batch
        commands: /opt/slurm/bin
        conf: /etc/slurm.conf
        caps: trusted
        outstanding: 7
        submitted: 5
        auto_wait: 2m
        cool_down: 10s
        longest_cool_down: 1h
        bundle: {attempts: 50, longest: 5s, gather: 1s, parallel: 4, most_time: 1h}
        poll: 2s
        beat: 3s
        fence: 30s
        partition: main
        memory: limit
        rules:
          - {handler: "video.*", group: heavy, class: big, place: slurm, partition: gpu, account: a,
             qos: high, constraint: ssd, gres: "gpu:1", extra: [--exclusive], memory: learned}
          - {handler: audio}
      """)
    let slurm = try #require(configuration.slurm)
    let settings = slurm.settings
    #expect(settings.spool == "/srv/millrace" && settings.address == "10.0.0.1:8275")
    #expect(settings.listen == ":8275")
    #expect(settings.host == "/opt/millrace-host" && slurm.user == "batch")
    #expect(settings.commands == "/opt/slurm/bin" && settings.configuration == "/etc/slurm.conf")
    #expect(!settings.demandsCaps && settings.maxSubmitted == 5)
    try checkOptions(slurm, configuration)
  }

  private func checkOptions(_ slurm: SlurmSection, _ configuration: Configuration) throws {
    let settings = slurm.settings
    #expect(slurm.rules.outstanding == 7 && slurm.rules.autoWait == .seconds(120))
    #expect(slurm.rules.coolDown == .seconds(10) && slurm.rules.longestCoolDown == .seconds(3600))
    #expect(settings.bundles.attempts == 50 && settings.bundles.longest == .seconds(5))
    #expect(settings.bundles.gather == .seconds(1) && settings.bundles.parallel == 4)
    #expect(settings.bundles.mostTime == .seconds(3600))
    let times = [settings.poll, settings.beat, settings.fence]
    #expect(times == [.seconds(2), .seconds(3), .seconds(30)])
    #expect(settings.defaults == SlurmOptions(partition: "main", memory: .limit))
    let pattern = JobPattern(handler: "video.*", group: "heavy", jobClass: "big")
    #expect(
      settings.rules.first
        == SlurmRule(
          pattern: pattern,
          options: SlurmOptions(
            partition: "gpu", account: "a", qos: "high", constraint: "ssd", gres: "gpu:1",
            extra: ["--exclusive"], memory: .learned)))
    #expect(settings.rules.count == 2)
    #expect(slurm.places == [PlaceRules.Rule(pattern: pattern, place: .slurm)])
    #expect(configuration.places.groups == ["heavy": .slurm] && configuration.places.hasCluster)
    #expect(configuration.defaults.place == .auto)
    #expect(configuration.handlers["quick"]?.wishes.place == .local)
  }

  @Test(
    "a mistake is told with its place",
    arguments: [
      ("slurm: {partition: x}", "`slurm` must have a `spool`"), ("slurm: {spool: srv}", "absolute path"),
      ("slurm: {spool: /s, caps: no}", "`required` or `trusted`"),
      ("slurm: {spool: /s, rules: [{handler: x, place: moon}]}", "local"),
      ("slurm: {spool: /s, bundle: {attempts: 0}}", "1 to 1000"), ("slurm: {spool: /s, mood: x}", "mood"),
      ("slurm: {spool: /s, beat: 30s, fence: 40s}", "three times"),
    ])
  func mistakes(text: String, words: String) throws {
    let error = #expect(throws: FileMistakes.self) { try Self.read(text) }
    #expect(error?.lines.count == 1 && error?.lines.first?.contains(words) == true, "\(error?.lines ?? [])")
  }

  @Test("where a job runs is said by itself, else its handler, groups, rules, its author, the defaults")
  func order() throws {
    let configuration = try Self.read(
      """
      groups: {heavy: {place: slurm}, inner: {within: heavy}}
      handlers: {quick: {place: local, group: heavy}, grouped: {group: inner}}
      defaults: {place: auto}
      slurm: {spool: /s, rules: [{handler: "video.*", place: slurm}, {class: big, place: slurm}]}
      """)
    let reception = Machine.current().reception(configuration)
    func place(
      _ name: String, author: Placement? = nil, own: Placement? = nil, group: String? = nil,
      jobClass: String? = nil
    ) -> Placement? {
      let handler = Handler(name: name, summary: "", wishes: Wishes(place: author))
      return reception.terms(for: handler, Wishes(place: own), group: group, jobClass: jobClass).place
    }
    #expect(place("other") == .auto)
    #expect(place("other", author: .local) == .local)
    #expect(place("other", author: .local, jobClass: "big") == .slurm)
    #expect(place("video.cut") == .slurm && place("video") == .auto)
    #expect(place("grouped") == .slurm)
    #expect(place("other", group: "inner") == .slurm)
    #expect(place("quick", group: "inner") == .local)
    #expect(place("video.cut", own: .local) == .local)
  }
}
