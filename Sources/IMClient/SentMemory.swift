/// Receipts of late messages, so that a `send` repeated with the same id is answered and not sent again. Bounded; the
/// server remembers for longer.
struct SentMemory {
    static let limit = 4_096

    private var receipts: [String: SentReceipt] = [:]
    private var order: [String] = []
    private var oldest = 0

    subscript(id: String) -> SentReceipt? { receipts[id] }

    mutating func insert(_ receipt: SentReceipt) {
        guard receipts.updateValue(receipt, forKey: receipt.id) == nil else { return }
        if order.count < Self.limit {
            order.append(receipt.id)
        } else {
            receipts[order[oldest]] = nil
            order[oldest] = receipt.id
            oldest = (oldest + 1) % Self.limit
        }
    }
}
