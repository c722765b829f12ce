import MillraceCore
import MillraceYAML

/// The sections that the scheduler goes by.
extension ConfigurationReader {
  mutating func applyCapacity(_ section: Setting) {
    for setting in section.settings(known: ["memory", "cpu", "slots", "overcommit"]) {
      switch setting.name {
      case "memory":
        let sizes = Bytes.mebibytes(1)...Bytes.gibibytes(1 << 20)
        let size: (String) -> Bytes? = { Bytes(text: $0).flatMap { sizes.contains($0) ? $0 : nil } }
        set(&configuration.capacity.memory, setting.share("a size, like 12G,", size))
      case "cpu":
        let what = "a number of processors, like 1.5,"
        set(&configuration.capacity.cpuMillis, setting.share(what, Setting.processors))
      case "overcommit": set(&configuration.capacity.overcommit, setting.number(1...1000))
      default: set(&configuration.capacity.slots, setting.count(1...10_000))
      }
    }
  }

  mutating func applyQueue(_ section: Setting) {
    let names = ["max_queued", "aging", "policy", "backfill_window", "stagger"]
    for setting in section.settings(known: names) {
      switch setting.name {
      case "max_queued": set(&configuration.queue.maxQueued, setting.count(1...10_000_000))
      case "aging": set(&configuration.queue.aging, setting.duration(.seconds(1)...Setting.year))
      case "policy": set(&configuration.queue.policy, setting.word(of: Policy.Preset.self))
      case "backfill_window":
        set(&configuration.queue.backfillWindow, setting.countOr("all", 1...1_000_000))
      default:
        set(&configuration.queue.stagger, setting.duration(.zero...Duration.seconds(3600)))
      }
    }
  }

  mutating func applyPressure(_ section: Setting) {
    let names = [
      "warning", "critical", "available_warning", "available_critical", "stall_warning", "stall_critical",
      "freeze_after", "evict_after",
    ]
    let settings = section.settings(known: names)
    let spans = Duration.seconds(1)...Duration.seconds(86_400)
    for setting in settings {
      switch setting.name {
      case "warning": set(&configuration.pressure.warning, setting.part(1...100))
      case "critical": set(&configuration.pressure.critical, setting.part(1...100))
      case "available_warning": set(&configuration.pressure.availableWarning, setting.part(0...100))
      case "available_critical": set(&configuration.pressure.availableCritical, setting.part(0...100))
      case "stall_warning": set(&configuration.pressure.stallWarning, setting.percent(0.1...100))
      case "stall_critical": set(&configuration.pressure.stallCritical, setting.percent(0.1...100))
      case "freeze_after": set(&configuration.pressure.freezeAfter, setting.durationOr("never", spans))
      default: set(&configuration.pressure.evictAfter, setting.duration(spans))
      }
    }
    checkPressure(section, settings)
  }

  /// What is critical must be worse than what is a warning.
  private func checkPressure(_ section: Setting, _ settings: [Setting]) {
    let rules = configuration.pressure
    let isOff = rules.availableWarning == 0 && rules.availableCritical == 0
    let pairs = [
      ("critical", "warning", "above", rules.critical > rules.warning),
      (
        "available_critical", "available_warning", "below",
        rules.availableCritical < rules.availableWarning || isOff
      ),
      ("stall_critical", "stall_warning", "above", rules.stallCritical > rules.stallWarning),
    ]
    for (critical, warning, side, isRight) in pairs where !isRight {
      let place = settings.first { $0.name == critical } ?? settings.first { $0.name == warning } ?? section
      place.mistakeInName("is wrong: `pressure.\(critical)` must be \(side) `pressure.\(warning)`")
    }
  }

  mutating func applyLearning(_ section: Setting) {
    for setting in section.settings(known: ["enabled", "window"]) {
      switch setting.name {
      case "enabled": set(&configuration.learning.isOn, setting.flag())
      default: set(&configuration.learning.window, setting.count(20...10_000))
      }
    }
  }

  mutating func applyFairShare(_ section: Setting) {
    if section.isOff {
      configuration.fairShare = nil
      return
    }
    let settings = section.settings(known: ["label", "half_life", "weight"])
    guard let label = settings.first(where: { $0.name == "label" }) else {
      if section.hasSettings { section.mistakeInName("must have a `label`, or be `off`") }
      return
    }
    var rules = FairShareRules(label: label.text() ?? "")
    for setting in settings {
      switch setting.name {
      case "half_life": set(&rules.halfLife, setting.duration(.seconds(60)...Setting.year))
      case "weight": set(&rules.weight, setting.duration(.seconds(1)...Setting.year))
      default: continue
      }
    }
    configuration.fairShare = rules
  }

  mutating func groups(of section: Setting) -> [String: GroupRules] {
    var groups = isAmending ? configuration.groups : [:]
    for group in section.settings() where group.hasValidName() {
      var rules = groups[group.name] ?? GroupRules()
      for setting in group.settings(known: ["concurrency", "rate", "within", "order", "place"]) {
        switch setting.name {
        case "concurrency": rules.concurrency = setting.count(1...10_000)
        case "rate": rules.rate = setting.rate()
        case "place": rules.place = setting.word(of: Placement.self)
        case "order": set(&rules.order, setting.word(of: GroupRules.Order.self))
        default:
          rules.within = setting.text()
          groupNames.append((group.name, setting))
        }
      }
      groups[group.name] = rules
    }
    return groups
  }

  /// Each group that is named must be there, and none may be within itself.
  func checkGroups() {
    let groups = configuration.groups
    for (inner, setting) in groupNames {
      // A value that is no text is noted already.
      guard let name = inner.map({ groups[$0]?.within }) ?? setting.plainText else { continue }
      if groups[name] == nil {
        let meant = Spelling.question(about: name, among: groups.keys.sorted())
        setting.mistake("names no group: `\(name)`" + (meant ?? ""))
      } else if let inner, let circle = Self.circle(from: inner, in: groups) {
        setting.mistake("makes a circle: \(circle.joined(separator: " within "))")
      }
    }
  }

  /// The way from a group back to itself; nil if there is none.
  private static func circle(from name: String, in groups: [String: GroupRules]) -> [String]? {
    var way = [name]
    while let next = groups[way[way.count - 1]]?.within {
      way.append(next)
      if next == name { return way }
      if way.count > groups.count { return nil }  // A circle further on; its own groups tell.
    }
    return nil
  }
}
