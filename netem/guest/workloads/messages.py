"""Messages on a timetable, and what became of each: the core of most workloads."""

import asyncio
import time


class Message:
    def __init__(self, sent_at, answer):
        self.sent_at, self.answer = sent_at, answer
        self.ms = self.echo_at = None  # until it is delivered

    @property
    def delivered(self):
        return self.ms is not None


class Messages:
    def __init__(self, cell, patience_s):
        self.cell, self.patience_s = cell, patience_s
        self.all = []

    def send(self, body, deadline_ms=None):
        """One exchange, whether or not earlier ones came back."""
        fields = {"timeout_ms": 1000 * self.patience_s}
        if deadline_ms is not None:
            fields["deadline_ms"] = deadline_ms
        message = Message(time.monotonic(), self.cell.client.ask("exchange", **body, **fields))
        message.answer.add_done_callback(lambda future: self._done(message, future))
        self.all.append(message)
        return message

    def _done(self, message, future):
        if future.cancelled() or future.exception():
            return
        answer = future.result()
        if answer["ok"]:
            message.ms = answer["ms"]
            message.echo_at = answer["t_ms"] / 1000
        else:
            self.cell.failed("exchange", answer)

    async def steadily(self, count, every_s, make_body, deadline_ms=None):
        """`count` messages, one every `every_s` by the clock, so that a late one does not delay the rest."""
        due = time.monotonic()
        for number in range(count):
            self.send(make_body(), deadline_ms)
            self.cell.step(f"{number + 1} of {count} sent, {self.delivered} back")
            due += every_s
            await asyncio.sleep(max(0.0, due - time.monotonic()))

    async def answered(self, some):
        """Until each of `some` is back or given up."""
        await asyncio.gather(*(message.answer for message in some))

    async def wait(self):
        await self.answered(self.all)
        await asyncio.sleep(1)  # acknowledgements are on their way still, and count

    @property
    def delivered(self):
        return sum(1 for message in self.all if message.delivered)

    def report(self, late_ms=None):
        cell = self.cell
        cell.samples["echo_ms"] = [message.ms for message in self.all]
        cell.figures |= {"sent": len(self.all), "delivered": self.delivered}
        if late_ms is not None:
            cell.samples["late"] = [message.ms for message in self.all if message.delivered and message.ms > late_ms]
