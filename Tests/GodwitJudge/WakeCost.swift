import Glibc
import GodwitSimulation
import GodwitTransport
import NIOCore

/// What a rest of the server's connection costs, in this machine's processor time: echoes of 200 bytes, two seconds apart, with a rest
/// between any two and without. Both ends and their timers are in it; the difference is the rest's.
enum WakeCost {
    /// In microseconds an echo.
    struct Figures {
        var withRests = 0.0
        var without = 0.0
    }

    static func run(echoes: Int) throws -> Figures {
        // The first of a process pays for what is made once.
        _ = try microseconds(echoes: echoes / 10, rests: true)
        return Figures(
            withRests: try microseconds(echoes: echoes, rests: true),
            without: try microseconds(echoes: echoes, rests: false))
    }

    private static func microseconds(echoes: Int, rests: Bool) throws -> Double {
        var configuration = TransportConfiguration.server
        if !rests { configuration.restDelay = .hours(1) }
        let pair = try DirectPair(server: configuration)
        _ = try pair.echo(100)
        let start = processorTime()
        var back = 0
        for _ in 0..<echoes {
            back += try pair.echo(1)
            pair.elapse(.seconds(2))
        }
        let taken = processorTime() - start
        precondition(back == echoes, "\(echoes - back) echoes did not come back")
        precondition((pair.server?.awake == nil) == rests, "the connection did not do what was to be measured")
        return taken * 1e6 / Double(echoes)
    }

    private static func processorTime() -> Double {
        var time = timespec()
        clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time)
        return Double(time.tv_sec) + Double(time.tv_nsec) / 1e9
    }
}
