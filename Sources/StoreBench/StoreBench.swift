import Foundation

/// Does one task with one store.
package enum StoreBench {
    /// The program of a child process: reads the task from `argument`, measures with the engine of its name, prints the figures.
    package static func main(argument: String?, engines: [String: any StoreEngine.Type]) -> Int32 {
        do {
            guard let argument, let task = try? JSONDecoder().decode(StoreTask.self, from: Data(argument.utf8)) else {
                throw BenchFailure("takes one argument: a task in JSON, as godwit bench store makes it")
            }
            guard let engine = engines[task.engine] else {
                throw BenchFailure(
                    "knows no engine \(task.engine), only \(engines.keys.sorted().joined(separator: ", "))")
            }
            let figures = try run(task, engine)
            FileHandle.standardOutput.write(try JSONEncoder().encode(figures) + Data("\n".utf8))
            return 0
        } catch {
            FileHandle.standardError.write(Data("\(error)\n".utf8))
            return 1
        }
    }

    private static func run<Engine: StoreEngine>(_ task: StoreTask, _: Engine.Type) throws -> StoreFigures {
        try EngineRun<Engine>(task).run()
    }
}

/// Why a child process measured nothing.
package struct BenchFailure: Error, CustomStringConvertible {
    package let description: String

    package init(_ description: String) { self.description = description }
}
