/// Lots that are drawn from a seed (SplitMix64: Steele et al., "Fast splittable pseudorandom number
/// generators", 2014): plain state, so that a scheduler draws the same ones again.
struct Lot: Sendable {
  private var state: UInt64

  init(seed: UInt64) { state = seed }

  /// Returns the next number: 0 or more, below 1.
  mutating func draw() -> Double {
    state &+= 0x9e37_79b9_7f4a_7c15
    var mixed = state
    mixed = (mixed ^ (mixed >> 30)) &* 0xbf58_476d_1ce4_e5b9
    mixed = (mixed ^ (mixed >> 27)) &* 0x94d0_49bb_1331_11eb
    return Double((mixed ^ (mixed >> 31)) >> 11) * 0x1p-53
  }
}
