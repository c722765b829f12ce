/// What `init` says of a plan.
enum SetUpReport {
  /// Returns a line for each thing and each account.
  static func lines(of plan: SetUpPlan, accounts: [Command], isDry: Bool) -> String {
    let (make, run) = isDry ? ("would make", "would run") : ("make", "run")
    var text = ""
    for step in plan.steps {
      let (word, remark) =
        switch step.standing {
        case .missing: (make, "")
        case .there: ("there", "")
        case .different: ("kept", step.item.purpose == "configuration" ? "" : ", not what init writes")
        }
      text += "\(pad(word))\(step.item.path) (\(step.item.purpose)\(remark))\n"
    }
    for command in accounts { text += "\(pad(run))\(command.text)\n" }
    return text
  }

  private static func pad(_ word: String) -> String {
    word + String(repeating: " ", count: max(1, 12 - word.count))
  }
}
