import MillraceCore
import MillraceYAML

extension Setting {
  /// Reads when a handler is no longer tried for a while: `off`, which is the inner nil, or settings.
  func breaker() -> BreakerRules?? {
    if isOff { return .some(nil) }
    var rules = BreakerRules()
    for setting in settings(known: ["failures", "rate", "window", "cool_down", "longest_cool_down"]) {
      switch setting.name {
      case "failures": set(&rules.failures, setting.count(1...10_000))
      case "rate": set(&rules.rate, setting.part(1...100))
      case "window": set(&rules.window, setting.count(1...64))
      case "cool_down": set(&rules.coolDown, setting.duration(.milliseconds(100)...Setting.year))
      default: set(&rules.longestCoolDown, setting.duration(.milliseconds(100)...Setting.year))
      }
    }
    rules.longestCoolDown = max(rules.longestCoolDown, rules.coolDown)
    return .some(rules)
  }
}
