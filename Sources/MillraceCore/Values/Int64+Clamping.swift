extension Int64 {
  /// Returns the sum, or the end of the range that it passes: what is absurd stays absurd and traps nothing.
  package func adding(clamped other: Int64) -> Int64 {
    let (sum, overflow) = addingReportingOverflow(other)
    return overflow ? (other < 0 ? .min : .max) : sum
  }

  /// Returns this × `factor` ÷ `divisor`, or the end of the range that it passes.
  func scaled(by factor: Int64, over divisor: Int64 = 1) -> Int64 {
    Int64(clamping: Int128(self) * Int128(factor) / Int128(divisor))
  }

  /// Returns the next whole number of steps, itself if it is one; the number and the step are above zero.
  func roundedUp(to step: Int64) -> Int64 {
    (self / step + (self % step == 0 ? 0 : 1)).scaled(by: step)
  }
}
