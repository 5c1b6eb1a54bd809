import GodwitWire
import NIOCore

/// Solves for the symbols of one message that were lost, from repair symbols: Gauss and Jordan's elimination, a row at a time.
///
/// The rows are kept reduced: each has a column of its own, its pivot, in which it is 1 and all others are 0. So a row that is left
/// with one column is that symbol. Symbols that have arrived are subtracted when a row comes or when they do; a row costs at most
/// 128 symbols then and two additions for each other row later, whatever a peer sends.
struct RepairDecoder {
    /// Unknown symbols at a time, and so rows: a path that has lost more of a window than this does not need repair but another path.
    static let maximumColumns = 64
    /// Smaller symbols are not worth a packet, and would make long lists of a message.
    static let minimumSymbolBytes = 256

    private struct Row {
        /// One for each column.
        var coefficients: ContiguousArray<UInt8>
        var pivot: Int
        var bytes: ContiguousArray<UInt8>
    }

    struct Solution: Equatable {
        let offset: Int
        let bytes: ContiguousArray<UInt8>
    }

    let symbolBytes: Int
    let messageBytes: Int
    private var rows: ContiguousArray<Row> = []
    /// The symbol that each column stands for; nil is free.
    private var columns = ContiguousArray<Int?>(repeating: nil, count: maximumColumns)

    /// nil when the frame's symbols are too small for today's ends. The caller has checked that the message's length fits an Int.
    init?(_ frame: RepairFrame) {
        guard frame.symbol.readableBytes >= Self.minimumSymbolBytes || frame.messageBytes <= frame.symbol.readableBytes
        else { return nil }
        symbolBytes = frame.symbol.readableBytes
        messageBytes = Int(frame.messageBytes)
    }

    var rowCount: Int { rows.count }

    private func bytes(of symbol: Int) -> Range<Int> {
        symbol * symbolBytes..<min((symbol + 1) * symbolBytes, messageBytes)
    }

    /// Takes a repair symbol of the same message.
    ///
    /// - Returns: whether it tells anything new that can be kept.
    mutating func add(_ frame: RepairFrame, received: ReassemblyBuffer) -> Bool {
        guard frame.symbol.readableBytes == symbolBytes, frame.messageBytes == messageBytes else { return false }
        let window = Int(frame.first)..<Int(frame.first) + frame.count
        let range = bytes(of: window.lowerBound).lowerBound..<bytes(of: window.upperBound - 1).upperBound
        var unknown: ContiguousArray<Int> = []
        for gap in received.missing(in: range) {
            for symbol in gap.lowerBound / symbolBytes...(gap.upperBound - 1) / symbolBytes
            where unknown.last != symbol {
                unknown.append(symbol)
            }
            guard unknown.count <= Self.maximumColumns else { return false }
        }
        let before = columns
        var coefficients = ContiguousArray<UInt8>(repeating: 0, count: Self.maximumColumns)
        for symbol in unknown {
            guard let column = column(of: symbol) else {
                columns = before
                return false
            }
            coefficients[column] = RepairCode.coefficient(index: frame.index, symbol: symbol)
        }
        // Whether it is independent of the rows is known before its bytes are touched.
        let multiples = rows.map { coefficients[$0.pivot] }
        for (row, factor) in zip(rows, multiples) where factor != 0 {
            coefficients.add(factor, times: row.coefficients)
        }
        guard let pivot = coefficients.firstIndex(where: { $0 != 0 }) else {
            columns = before
            return false
        }
        var bytes = ContiguousArray(frame.symbol.readableBytesView)
        var next = 0
        for symbol in window {
            if next < unknown.count, unknown[next] == symbol {
                next += 1
                continue
            }
            guard let known = received.view(self.bytes(of: symbol)) else {
                columns = before
                return false
            }
            bytes.add(RepairCode.coefficient(index: frame.index, symbol: symbol), times: known)
        }
        for index in rows.indices where multiples[index] != 0 { bytes.add(multiples[index], times: rows[index].bytes) }
        insert(Row(coefficients: coefficients, pivot: pivot, bytes: bytes))
        return true
    }

    /// The column of a symbol, a free one if it has none.
    private mutating func column(of symbol: Int) -> Int? {
        if let column = columns.firstIndex(of: symbol) { return column }
        guard let free = columns.firstIndex(of: nil) else { return nil }
        columns[free] = symbol
        return free
    }

    /// Makes the row 1 in its pivot, and all others 0 there.
    private mutating func insert(_ new: Row) {
        var row = new
        let inverse = GaloisField.inverse(row.coefficients[row.pivot])
        row.coefficients.withUnsafeMutableBytes { GaloisField.scale($0, by: inverse) }
        row.bytes.withUnsafeMutableBytes { GaloisField.scale($0, by: inverse) }
        for index in rows.indices {
            let factor = rows[index].coefficients[row.pivot]
            guard factor != 0 else { continue }
            rows[index].coefficients.add(factor, times: row.coefficients)
            rows[index].bytes.add(factor, times: row.bytes)
        }
        rows.append(row)
    }

    /// Bytes of the message have arrived by themselves: the symbols that they complete are subtracted from the rows.
    mutating func arrived(_ range: Range<Int>, received: ReassemblyBuffer) {
        guard !rows.isEmpty, !range.isEmpty else { return }
        for symbol in range.lowerBound / symbolBytes...(range.upperBound - 1) / symbolBytes {
            guard let column = columns.firstIndex(of: symbol), let known = received.view(bytes(of: symbol)) else {
                continue
            }
            subtract(column, known)
        }
    }

    private mutating func subtract(_ column: Int, _ known: ByteBufferView) {
        columns[column] = nil
        var withoutPivot: Row?
        for index in rows.indices.reversed() {
            let factor = rows[index].coefficients[column]
            guard factor != 0 else { continue }
            rows[index].coefficients[column] = 0
            rows[index].bytes.add(factor, times: known)
            if rows[index].pivot == column { withoutPivot = rows.remove(at: index) }
        }
        guard var row = withoutPivot, let pivot = row.coefficients.firstIndex(where: { $0 != 0 }) else { return }
        row.pivot = pivot
        insert(row)
    }

    /// A symbol that the rows determine. The caller puts it into its place and reports it as arrived.
    mutating func takeSolution() -> Solution? {
        guard let index = rows.firstIndex(where: { $0.coefficients.count(where: { $0 != 0 }) == 1 }) else { return nil }
        let row = rows.remove(at: index)
        guard let symbol = columns[row.pivot] else { return nil }
        columns[row.pivot] = nil
        let range = bytes(of: symbol)
        return Solution(offset: range.lowerBound, bytes: ContiguousArray(row.bytes.prefix(range.count)))
    }
}

extension ContiguousArray<UInt8> {
    fileprivate mutating func add(_ factor: UInt8, times source: Self) {
        withUnsafeMutableBytes { target in source.withUnsafeBytes { GaloisField.add(factor, times: $0, to: target) } }
    }

    fileprivate mutating func add(_ factor: UInt8, times source: ByteBufferView) {
        withUnsafeMutableBytes { target in source.withUnsafeBytes { GaloisField.add(factor, times: $0, to: target) } }
    }
}
