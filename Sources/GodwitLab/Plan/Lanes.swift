/// How a plan's cells are dealt to guests that run at the same time.
///
/// Heavy cells have the machine to themselves: lane 0, alone, before all others. Light cells mostly wait for the network; several of
/// them share a guest, and a lane has one guest with one CPU.
package struct Lanes: Sendable, Equatable {
    package var heavy: [Cell]
    package var light: [[Cell]]
    /// Light cells at a time in one lane.
    package var parallel: Int

    package init(_ cells: [Cell], lanes: Int, parallel: Int) {
        self.parallel = max(1, parallel)
        heavy = cells.filter { $0.cpu == .heavy }
        let light = cells.filter { $0.cpu == .light }
        let count = min(max(1, lanes), light.count)
        self.light = Array(repeating: [], count: count)
        var seconds = Array(repeating: 0.0, count: count)
        // In the plan's order, each to the lane that will be free first.
        for cell in light {
            let lane = seconds.indices.min { seconds[$0] < seconds[$1] } ?? 0
            self.light[lane].append(cell)
            seconds[lane] += cell.seconds
        }
    }

    /// Expected time of everything, without the guests' start.
    package var seconds: Double {
        let longest = light.map { lane in
            max(lane.reduce(0) { $0 + $1.seconds } / Double(parallel), lane.map(\.seconds).max() ?? 0)
        }
        return heavy.reduce(0) { $0 + $1.seconds } + (longest.max() ?? 0)
    }
}
