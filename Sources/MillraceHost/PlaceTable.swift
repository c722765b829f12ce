/// Where things are by two numbers: a hash table with open addressing. (Embedded Swift's `Dictionary` wants
/// the mathematical library.)
struct PlaceTable {
  private struct Slot {
    var first: Int64 = 0
    var second: Int32 = 0
    /// The place and one; 0 in an empty slot.
    var place: Int32 = 0
  }

  /// A power of two, of which at most half are taken.
  private var slots = [Slot](repeating: Slot(), count: 64)
  private var count = 0

  subscript(first: Int64, second: Int32) -> Int? {
    get {
      let place = slots[find(first, second)].place
      return place > 0 ? Int(place) - 1 : nil
    }
    set {
      if let newValue { set(first, second, newValue) } else { remove(find(first, second)) }
    }
  }

  private mutating func set(_ first: Int64, _ second: Int32, _ place: Int) {
    if 2 * count >= slots.count { grow() }
    let index = find(first, second)
    if slots[index].place == 0 { count += 1 }
    slots[index] = Slot(first: first, second: second, place: Int32(place + 1))
  }

  /// Empties a slot, and moves up what would not be found behind an empty one.
  private mutating func remove(_ index: Int) {
    guard slots[index].place > 0 else { return }
    count -= 1
    var hole = index
    var next = (hole + 1) & (slots.count - 1)
    while slots[next].place > 0 {
      let home = home(slots[next].first, slots[next].second)
      // Whether the way from its home to where it is leads over the hole.
      if (next - home) & (slots.count - 1) >= (next - hole) & (slots.count - 1) {
        slots[hole] = slots[next]
        hole = next
      }
      next = (next + 1) & (slots.count - 1)
    }
    slots[hole] = Slot()
  }

  private mutating func grow() {
    let old = slots
    slots = [Slot](repeating: Slot(), count: 2 * old.count)
    for slot in old where slot.place > 0 { slots[find(slot.first, slot.second)] = slot }
  }

  /// The slot that has these numbers, or the empty one where they belong.
  private func find(_ first: Int64, _ second: Int32) -> Int {
    var index = home(first, second)
    while slots[index].place > 0 && (slots[index].first != first || slots[index].second != second) {
      index = (index + 1) & (slots.count - 1)
    }
    return index
  }

  private func home(_ first: Int64, _ second: Int32) -> Int {
    // Fibonacci hashing: the upper half of a product has something of all bits.
    let mixed =
      (UInt64(bitPattern: first) &+ UInt64(UInt32(bitPattern: second)) &<< 40) &* 0x9e37_79b9_7f4a_7c15
    return Int(truncatingIfNeeded: mixed &>> 32) & (slots.count - 1)
  }
}
