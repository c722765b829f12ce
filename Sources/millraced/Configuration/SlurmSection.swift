import Glibc
import MillraceCore
import MillraceSlurm
import MillraceYAML

/// Slurm, as the configuration describes it; `user` and `host` are those of the runner where nothing is said.
struct SlurmSection: Sendable, Equatable {
  /// All but who jobs run as.
  var settings = SlurmSettings(spool: "", host: "", user: SlurmSettings.User(uid: 0, gid: 0))
  /// As whom jobs run on the nodes; nil for who they run as here.
  var user: String?
  /// How much of it is used, and when.
  var rules = ClusterRules()
  /// Where jobs run by what they are; the first that fits counts.
  var places: [PlaceRules.Rule] = []
}

/// The section that says how Slurm is used.
extension ConfigurationReader {
  mutating func applySlurm(_ section: Setting) {
    if section.isOff { return configuration.slurm = nil }
    var slurm = configuration.slurm ?? SlurmSection()
    if slurm.settings.host.isEmpty { slurm.settings.host = configuration.host }
    let settings = section.settings(known: Self.slurmNames + Self.slurmOptionNames)
    for setting in settings { apply(setting, to: &slurm) }
    if slurm.settings.spool.isEmpty, section.hasSettings, !settings.contains(where: { $0.name == "spool" }) {
      section.mistakeInName("must have a `spool`: a directory that runner and nodes share, or `off`")
    }
    if slurm.settings.fence < slurm.settings.beat * 3 {
      section.mistakeInName("is wrong: `fence` must be three times `beat` at least, or a slow beat ends jobs")
    }
    configuration.slurm = slurm
  }

  private static let slurmNames = [
    "spool", "address", "listen", "host", "user", "commands", "conf", "caps", "outstanding", "submitted",
    "auto_wait",
    "cool_down", "longest_cool_down", "bundle", "poll", "beat", "fence", "rules",
  ]
  private static let slurmOptionNames = [
    "partition", "account", "qos", "constraint", "gres", "extra", "memory",
  ]

  private func apply(_ setting: Setting, to slurm: inout SlurmSection) {
    let spans = Duration.milliseconds(100)...Duration.seconds(3600)
    switch setting.name {
    case "spool": set(&slurm.settings.spool, setting.absolutePath())
    case "address":
      slurm.settings.address = setting.value("an address and a port, like 10.0.0.1:8275") { text in
        text.contains(":") ? text : nil
      }
    case "listen":
      slurm.settings.listen = setting.value("an address and a port, like 0.0.0.0:8275 or :8275") { text in
        text.contains(":") ? text : nil
      }
    case "host": set(&slurm.settings.host, setting.absolutePath())
    case "user": slurm.user = setting.text()
    case "commands": set(&slurm.settings.commands, setting.absolutePath())
    case "conf": slurm.settings.configuration = setting.absolutePath()
    case "caps":
      set(
        &slurm.settings.demandsCaps,
        setting.value("`required` or `trusted`") { ["required": true, "trusted": false][$0] })
    case "outstanding": set(&slurm.rules.outstanding, setting.count(1...100_000))
    case "submitted": set(&slurm.settings.maxSubmitted, setting.count(1...10_000))
    case "auto_wait": set(&slurm.rules.autoWait, setting.duration(.zero...Setting.year))
    case "cool_down": set(&slurm.rules.coolDown, setting.duration(.seconds(1)...Duration.seconds(86_400)))
    case "longest_cool_down":
      set(&slurm.rules.longestCoolDown, setting.duration(.seconds(1)...Duration.seconds(86_400)))
    case "bundle": apply(bundle: setting, to: &slurm.settings.bundles)
    case "poll": set(&slurm.settings.poll, setting.duration(spans))
    case "beat": set(&slurm.settings.beat, setting.duration(.seconds(1)...Duration.seconds(600)))
    case "fence": set(&slurm.settings.fence, setting.duration(.seconds(2)...Duration.seconds(86_400)))
    case "rules":
      for element in setting.elements() {
        let (rule, place) = slurmRule(element)
        slurm.settings.rules.append(rule)
        if let place { slurm.places.append(PlaceRules.Rule(pattern: rule.pattern, place: place)) }
      }
    default: apply(option: setting, to: &slurm.settings.defaults)
    }
  }

  private func apply(bundle section: Setting, to rules: inout BundleRules) {
    for setting in section.settings(known: ["attempts", "longest", "gather", "parallel", "most_time"]) {
      switch setting.name {
      case "attempts": set(&rules.attempts, setting.count(1...1000))
      case "longest": set(&rules.longest, setting.duration(.zero...Duration.seconds(86_400)))
      case "gather": set(&rules.gather, setting.duration(.zero...Duration.seconds(60)))
      case "parallel": set(&rules.parallel, setting.count(1...256))
      default: set(&rules.mostTime, setting.duration(.seconds(60)...Setting.year))
      }
    }
  }

  private func slurmRule(_ section: Setting) -> (SlurmRule, Placement?) {
    var rule = SlurmRule(pattern: JobPattern(), options: SlurmOptions())
    var place: Placement?
    for setting in section.settings(known: ["handler", "group", "class", "place"] + Self.slurmOptionNames) {
      switch setting.name {
      case "handler": rule.pattern.handler = setting.text().map(NamePattern.init(any:))
      case "group": rule.pattern.group = setting.text()
      case "class": rule.pattern.jobClass = setting.text()
      case "place": place = setting.word(of: Placement.self)
      default: apply(option: setting, to: &rule.options)
      }
    }
    return (rule, place)
  }

  private func apply(option setting: Setting, to options: inout SlurmOptions) {
    switch setting.name {
    case "partition": options.partition = setting.text()
    case "account": options.account = setting.text()
    case "qos": options.qos = setting.text()
    case "constraint": options.constraint = setting.text()
    case "gres": options.gres = setting.text()
    case "extra": options.extra = setting.elements().compactMap { $0.text() }
    case "memory": options.memory = setting.word(of: SlurmOptions.MemoryRequest.self)
    default: preconditionFailure("`\(setting.name)` is known and has no case")
    }
  }
}
