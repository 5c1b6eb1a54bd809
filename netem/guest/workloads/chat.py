"""Messages of text at a steady pace, sent whether or not earlier ones came back; latency is send to echo."""

from workloads.messages import Messages


async def work(cell):
    get = cell.scenario.number
    await cell.start_peer()
    await cell.impair()
    messages = Messages(cell, get("patience_s"))
    await cell.connect()
    await cell.begin_counting()
    await messages.steadily(get("messages"), get("every_ms") / 1000, lambda: cell.body(get("bytes")))
    await messages.wait()
    await cell.end_counting()
    messages.report(late_ms=3000)
