/// Is the clock right enough for schedules and for the history?
struct ClockCheck: Check {
  let name = "clock"
  /// Seconds since 1970.
  let now: Int
  /// What the kernel says; nil if it does not.
  let isSynchronised: Bool?
  /// When the record was last written, in seconds since 1970; nil if there is none.
  let lastWrite: Int?

  /// No runner of this version was ever started before: 2026-01-01.
  private static let earliest = 1_767_225_600

  func finding() -> Finding {
    let set = ["sudo apt-get install systemd-timesyncd", "sudo timedatectl set-ntp true"]
    if now < Self.earliest { return failure("it is set to the past", mend: set) }
    if let lastWrite, lastWrite > now + 60 {
      return failure("it is \(lastWrite - now) s before the last entry of the record", mend: set)
    }
    return switch isSynchronised {
    case true?: ok("synchronised")
    case false?: warning("nothing keeps it right", mend: set)
    case nil: warning("the kernel does not say whether it is kept right")
    }
  }
}
