/// Spans as a clock shows them, for narrow columns: `0:07`, `1:02:03`, `3d 4h`.
enum ClockSpan {
  static func text(_ span: Duration) -> String {
    let seconds = max(0, span.components.seconds)
    func two(_ number: Int64) -> String { number < 10 ? "0\(number)" : "\(number)" }
    let (days, hours) = (seconds / 86_400, seconds / 3600 % 24)
    if days > 0 { return "\(days)d \(hours)h" }
    let (minutes, rest) = (seconds / 60 % 60, two(seconds % 60))
    return hours > 0 ? "\(hours):\(two(minutes)):\(rest)" : "\(minutes):\(rest)"
  }
}
