/// What a loop has for the other loops at the end of its turn: one hop a loop, however many messages.
struct LoopOutbox {
    private var waiting: [[LoopMessage]]
    private var isEmpty = true
    /// Messages given to other loops since the start.
    private(set) var total = 0

    init(loopCount: Int) {
        waiting = .init(repeating: [], count: loopCount)
    }

    /// A message to a loop that does not exist is dropped.
    mutating func add(_ message: LoopMessage, to loop: UInt8) {
        guard Int(loop) < waiting.count else { return }
        waiting[Int(loop)].append(message)
        total &+= 1
        isEmpty = false
    }

    mutating func flush(through directory: LoopDirectory) {
        guard !isEmpty else { return }
        isEmpty = true
        for index in waiting.indices where !waiting[index].isEmpty {
            directory.post(waiting[index], to: UInt8(index))
            waiting[index] = []
        }
    }
}
