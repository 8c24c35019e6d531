"""Deep queues: so many messages, and a few that are free behind them."""

import random
import sys
import time

import queues
from connection import request
from queues import Failed

KINDS = {
    "plain": "all of them free",
    "claimed": "behind as many claimed ones",
    "delayed": "behind as many delayed ones",
    "expired": "behind as many expired ones",
}
FREE = 1000     # behind a backlog
HELD = 10       # under the claim that is read and renewed; they are the first of each queue
KNOWN = 10000   # ids of free messages, evenly spread, that are kept
BATCH = 1000    # messages in a request that fills
EXPIRED_TTL_S = 60
# All of it outlasts the measuring. A claim is renewed beyond the end of all messages, as then it has to look
# at each that it holds.
TTL_S, DELAY_S, CLAIM_S, RENEWED_S = 40000, 30000, 30000, 43200
BACKLOG_BODY = {**queues.BODY, "event": "BacklogAccount!"}


def ids_of(answer):
    return [m["id"] for m in answer.json["messages"]]


class DeepQueue:
    """A queue with n messages of a kind. It knows what it holds: what is told of it can be checked."""

    def __init__(self, stack, kind, n):
        self.stack, self.kind, self.n = stack, kind, n
        self.name = f"{kind}-{n}"
        self.path = f"/v2/queues/{self.name}"
        self.known = []
        self.total = self.claimed = 0
        self.random = random.Random(n)
        self.fill()

    def ask(self, *what):
        return self.stack.connection.ask(*what)

    # ---- filling

    def fill(self):
        self.post(HELD)
        self.held, _ = self.claim(HELD)
        if self.kind == "plain":
            posted = self.post_many(self.n)
            self.known = posted[::max(1, self.n // KNOWN)]
        else:
            posted = self.post_many(self.n, BACKLOG_BODY, **self.members())
            if self.kind == "claimed":
                self.claim_many(self.n)
            self.known = self.post(FREE)
        self.middle = posted[self.n // 2]
        self.filled = time.monotonic()
        if self.kind == "expired":
            self.total -= self.n

    def members(self):
        """What the messages of the backlog are posted with."""
        return {"expired": {"ttl": EXPIRED_TTL_S}, "delayed": {"delay": DELAY_S}}.get(self.kind, {})

    def post_many(self, n, body=queues.BODY, **members):
        ids, start = [], time.monotonic()
        for at in range(0, n, BATCH):
            if self.kind == "expired":
                self.stack.put_off_sweep()
            ids += self.post(min(BATCH, n - at), body, **members)
            if len(ids) % 200000 == 0 or len(ids) == n:
                print(f"{self.stack.name}, {self.kind}: {len(ids):,} of {n:,} messages in "
                      f"{time.monotonic() - start:.0f} s", file=sys.stderr, flush=True)
        return ids

    def claim_many(self, n):
        start = time.monotonic()
        for at in range(0, n, BATCH):
            self.claim(min(BATCH, n - at), BACKLOG_BODY)
        print(f"{self.stack.name}, {self.kind}: {n:,} claimed in {time.monotonic() - start:.0f} s",
              file=sys.stderr, flush=True)

    # ---- what is done outside of the measured time

    def posting(self, n, body=queues.BODY, **members):
        """A request that posts n messages."""
        return request("POST", f"{self.path}/messages",
                       {"messages": [{"ttl": TTL_S, "body": body, **members}] * n})

    def claiming(self, limit):
        return request("POST", f"{self.path}/claims?limit={limit}", {"ttl": CLAIM_S, "grace": 60})

    def post(self, n, body=queues.BODY, **members):
        answer = self.stack.connection.exchange(self.posting(n, body, **members))
        if answer.status != 201 or len(answer.json["resources"]) != n:
            raise Failed(f"{self.name}: {n} messages were not posted: {answer.status} {answer.body[:300]}")
        return self.posted(answer)

    def posted(self, answer):
        """Counts what a post has added to this queue; returns its ids."""
        ids = [href.removeprefix(f"{self.path}/messages/") for href in answer.json["resources"]]
        if any("/" in name for name in ids):
            raise Failed(f"{self.name}: messages were posted elsewhere: {answer.body[:300]}")
        self.total += len(ids)
        return ids

    def claim(self, limit, body=queues.BODY):
        """Claims so many; returns the claim's path and the ids."""
        answer = self.stack.connection.exchange(self.claiming(limit))
        if answer.status != 201 or [m["body"] for m in answer.json["messages"]] != [body] * limit:
            raise Failed(f"{self.name}: {limit} messages were not claimed: {answer.status}")
        self.claimed += limit
        return answer.location, ids_of(answer)

    def delete(self, ids):
        for at in range(0, len(ids), 100):
            self.ask(204, "DELETE", f"{self.path}/messages?ids={','.join(ids[at:at + 100])}")
        self.total -= len(ids)

    def replace(self, gone):
        """Posts a message for each that is gone."""
        new, gone = self.post(len(gone)), set(gone)
        kept = [name for name in self.known if name not in gone]
        self.known = kept + new[:max(0, KNOWN - len(kept))]

    def oldest(self, n):
        """Ids of the n oldest free messages."""
        return ids_of(self.ask(200, "GET", f"{self.path}/messages?limit={n}&echo=true"))

    def some(self, n):
        """Ids of n different free messages."""
        return self.random.sample(self.known, n)
