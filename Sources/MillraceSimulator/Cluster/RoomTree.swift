import MillraceCore

/// Which node has room: a tree of the most that is free in each half, so that the first one with enough is
/// found without a look at all.
struct RoomTree {
  /// What is free; a node that takes nothing has less than nothing.
  struct Room {
    var processors: Int
    var memory: Int64

    static let none = Room(processors: -1, memory: -1)

    func holds(_ need: Room) -> Bool { processors >= need.processors && memory >= need.memory }
  }

  /// The leaves come last; the children of one are at twice its place, and behind that.
  private var most: [Room]
  private let leaves: Int

  /// Makes a tree of nodes that all have no room.
  init(count: Int) {
    var leaves = 1
    while leaves < count { leaves *= 2 }
    self.leaves = leaves
    most = [Room](repeating: .none, count: 2 * leaves)
  }

  /// Notes what is free on a node.
  mutating func set(_ room: Room, of node: Int) {
    var place = leaves + node
    most[place] = room
    while place > 1 {
      place /= 2
      let (left, right) = (most[2 * place], most[2 * place + 1])
      most[place] = Room(
        processors: max(left.processors, right.processors), memory: max(left.memory, right.memory))
    }
  }

  /// The first node with enough that is wanted; nil if there is none.
  func first(with need: Room, where isWanted: (Int) -> Bool) -> Int? {
    var stack = [1]
    while let place = stack.popLast() {
      guard most[place].holds(need) else { continue }
      if place < leaves {
        stack.append(2 * place + 1)
        stack.append(2 * place)
      } else if isWanted(place - leaves) {
        return place - leaves
      }
    }
    return nil
  }
}
