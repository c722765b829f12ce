/// The last figures of one kind, in the order of arrival and in the order of size.
struct SlidingWindow: Sendable {
  private let capacity: Int
  private var arrived: [Int64] = []
  private var oldest = 0
  /// From the smallest to the largest.
  private(set) var sorted: [Int64] = []

  /// Makes an empty window of the last `capacity` figures.
  init(capacity: Int) { self.capacity = capacity }

  var count: Int { arrived.count }
  var min: Int64? { sorted.first }
  var max: Int64? { sorted.last }

  /// Takes a figure in; the oldest one goes when there are too many.
  mutating func insert(_ figure: Int64) {
    if arrived.count < capacity {
      arrived.append(figure)
    } else {
      sorted.remove(at: place(of: arrived[oldest]))
      arrived[oldest] = figure
      oldest = (oldest + 1) % capacity
    }
    sorted.insert(figure, at: place(of: figure))
  }

  /// Returns the percentile by nearest rank: the smallest figure that `percent` of all do not pass; nil if
  /// there is none.
  func percentile(_ percent: Int) -> Int64? {
    guard !sorted.isEmpty else { return nil }
    let rank = (sorted.count * percent + 99) / 100
    return sorted[Swift.max(rank, 1) - 1]
  }

  /// Returns the mean of the last `number` figures, or of as many as there are; nil if there is none.
  func mean(ofLast number: Int) -> Int64? {
    let number = Swift.min(number, arrived.count)
    guard number > 0 else { return nil }
    let newest = arrived.count < capacity ? arrived.count - 1 : (oldest + capacity - 1) % capacity
    let sum = (0..<number).reduce(Int128(0)) { sum, back in
      sum + Int128(arrived[(newest - back + arrived.count) % arrived.count])
    }
    return Int64(clamping: sum / Int128(number))
  }

  /// The first place whose figure is not less.
  private func place(of figure: Int64) -> Int {
    var low = 0
    var high = sorted.count
    while low < high {
      let middle = (low + high) / 2
      if sorted[middle] < figure { low = middle + 1 } else { high = middle }
    }
    return low
  }
}
