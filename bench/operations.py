"""The operations of the store, as bench/depth measures them: blocks of requests of one kind.

An operation makes the requests of a block, checks their answers, and then gives the queue back what
they took, both outside of the measured time.
"""

import queues
from backlogs import HELD, RENEWED_S, ids_of
from connection import request
from queues import Failed


def require(told, wanted, what):
    if told != wanted:
        raise Failed(f"{what}: {str(told)[:300]}, where {str(wanted)[:300]} was expected")


def all_free(queue, answer, n):
    """n messages of the queue, none of the backlog."""
    messages = answer.json["messages"]
    require([m["body"] for m in messages], [queues.BODY] * n, "bodies")
    require([m["href"].rpartition("/")[0] for m in messages], [f"{queue.path}/messages"] * n, "places")
    return ids_of(answer)


class Operation:
    status = 200
    block = 20  # requests

    def requests(self, queue):
        """The requests of a block, all of them to be sent as they are."""
        raise NotImplementedError

    def settle(self, queue, answers):
        """Checks the answers (their status was), and makes the queue again what it was."""
        raise NotImplementedError


class Post(Operation):
    name, status = "post 1", 201

    def requests(self, queue):
        return [queue.posting(1)] * self.block

    def settle(self, queue, answers):
        ids = [name for answer in answers for name in queue.posted(answer)]
        require(len(set(ids)), self.block, "ids")
        if queue.kind != "expired":  # to delete would remove what has expired: there they may stay
            queue.delete(ids)


class List(Operation):
    def __init__(self, name, marked):
        self.name, self.marked = name, marked

    def requests(self, queue):
        marker = f"&marker={queue.middle}" if self.marked else ""
        return [request("GET", f"{queue.path}/messages?limit=10&echo=true{marker}")] * self.block

    def settle(self, queue, answers):
        for answer in answers:
            ids = all_free(queue, answer, 10)
            require(ids == sorted(ids) and (not self.marked or ids[0] > queue.middle), True, "their order")


class Get(Operation):
    name = "get 1"

    def requests(self, queue):
        self.asked = queue.some(self.block)
        return [request("GET", f"{queue.path}/messages/{name}") for name in self.asked]

    def settle(self, queue, answers):
        for name, answer in zip(self.asked, answers, strict=True):
            require(answer.json["href"], f"{queue.path}/messages/{name}", "message")


class GetTen(Operation):
    name = "get 10"

    def requests(self, queue):
        self.asked = [queue.some(10) for _ in range(self.block)]
        return [request("GET", f"{queue.path}/messages?ids={','.join(ids)}") for ids in self.asked]

    def settle(self, queue, answers):
        for ids, answer in zip(self.asked, answers, strict=True):
            require(ids_of(answer), ids, "messages")


class Delete(Operation):
    name, status = "delete 1", 204

    def requests(self, queue):
        self.asked = queue.some(self.block)
        # An id that is unknown gives 204, too: they must be there before, and not after it.
        answer = queue.ask(200, "GET", f"{queue.path}/messages?ids={','.join(self.asked)}")
        require(ids_of(answer), self.asked, "messages to be deleted")
        return [request("DELETE", f"{queue.path}/messages/{name}") for name in self.asked]

    def settle(self, queue, answers):
        queue.ask(404, "GET", f"{queue.path}/messages?ids={','.join(self.asked)}")
        queue.total -= self.block
        queue.replace(self.asked)


class Pop(Operation):
    name = "pop 1"

    def requests(self, queue):
        self.oldest = queue.oldest(self.block)
        return [request("DELETE", f"{queue.path}/messages?pop=1")] * self.block

    def settle(self, queue, answers):
        ids = [name for answer in answers for name in ids_of(answer)]
        require(ids, self.oldest, "popped messages")
        queue.ask(404, "GET", f"{queue.path}/messages?ids={','.join(ids)}")
        queue.total -= self.block
        queue.replace(ids)


class Claim(Operation):
    status = 201

    def __init__(self, limit, block):
        self.name, self.limit, self.block = f"claim {limit}", limit, block

    def requests(self, queue):
        self.oldest = queue.oldest(self.block * self.limit)
        return [queue.claiming(self.limit)] * self.block

    def settle(self, queue, answers):
        ids = [name for answer in answers for name in all_free(queue, answer, self.limit)]
        require(ids, self.oldest, "claimed messages")
        queue.delete(ids)  # not released: the next ones, too, shall claim what was never claimed
        queue.replace(ids)


class ClaimGet(Operation):
    name = "claim get"

    def requests(self, queue):
        return [request("GET", queue.held)] * self.block

    def settle(self, queue, answers):
        for answer in answers:
            all_free(queue, answer, HELD)


class ClaimRenew(Operation):
    name, status = "claim renew", 204

    def requests(self, queue):
        return [request("PATCH", queue.held, {"ttl": RENEWED_S, "grace": 60})] * self.block

    def settle(self, queue, answers):
        """A claim that does not exist gives 404: there is nothing else to check."""


class ClaimRelease(Operation):
    name, status = "claim release", 204

    def requests(self, queue):
        claims = [queue.claim(1) for _ in range(self.block)]
        self.paths, ids = zip(*claims)
        self.ids = [name for (name,) in ids]
        return [request("DELETE", path) for path in self.paths]

    def settle(self, queue, answers):
        for path in self.paths:
            queue.ask(404, "GET", path)
        queue.claimed -= self.block
        answer = queue.ask(200, "GET", f"{queue.path}/messages?ids={','.join(self.ids)}")
        require(ids_of(answer), self.ids, "released messages")
        queue.delete(self.ids)
        queue.replace(self.ids)


class Stats(Operation):
    name = "stats"

    def requests(self, queue):
        return [request("GET", f"{queue.path}/stats")] * self.block

    def settle(self, queue, answers):
        wanted = (queue.total, queue.claimed, queue.total - queue.claimed)
        for answer in answers:
            told = answer.json["messages"]
            require((told["total"], told["claimed"], told["free"]), wanted, "counts")


# First those which leave expired messages alone on every store, so that these are still there.
ALL = [Get(), GetTen(), ClaimGet(), ClaimRenew(), Post(), List("list 10", False),
       List("list 10, middle", True), Delete(), Pop(), Claim(1, 20), Claim(10, 5), ClaimRelease(),
       Stats()]
