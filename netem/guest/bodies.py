"""Bodies of messages: English text of real conversations, cut to size."""

import corpus


class Text:
    """Endless text in which no two bodies are equal by construction: each takes up where the one before it ended."""

    def __init__(self, folder, random):
        self.words = " ".join(corpus.english(folder)).encode()
        self.place = random.randrange(len(self.words))

    def take(self, count):
        taken = bytearray()
        while len(taken) < count:
            piece = self.words[self.place:self.place + count - len(taken)]
            taken += piece
            self.place = (self.place + len(piece)) % len(self.words)
        # Cutting may split a character of several bytes; servers echo bytes.
        return bytes(taken)
