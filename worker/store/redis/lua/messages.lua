-- The moves that messages make, for all scripts but post. base.lua says how a queue lies in Redis.

local BUDGET = 200 -- messages that one call settles; when there are more the worker calls again

local function lane_key(n)
    return Q .. 's' .. n
end

local function back_key(n)
    return Q .. 'b' .. n
end

-- The first number that is alive at now in a lane of that ttl.
local function threshold(ttl_ms)
    return (now - ttl_ms + 1 - EPOCH_MS) * PER_MS
end

-- read_queue reads the queue's lanes, lanes[n] = {n, ttl_ms, frontier, live_from}, and the rest of m:
-- next_ms (when something must be settled), newest and z (see recall).
local function read_queue()
    local lanes, fields = {}, call('HGETALL', Q .. 'm')
    for i = 1, #fields, 2 do
        local name, value = fields[i], fields[i + 1]
        local kind = string.byte(name)
        if kind == 116 then -- t<ttl in seconds>
            local n, ttl_ms = tonumber(value), tonumber(string.sub(name, 2)) * 1000
            lanes[n] = lanes[n] or {}
            lanes[n].n, lanes[n].ttl_ms, lanes[n].live_from = n, ttl_ms, threshold(ttl_ms)
        elseif kind == 102 then -- f<lane>
            local n = tonumber(string.sub(name, 2))
            lanes[n] = lanes[n] or {}
            lanes[n].frontier = tonumber(value)
        elseif kind == 110 then
            lanes.next_ms = tonumber(value)
        elseif kind == 111 then
            lanes.newest = value
        elseif kind == 122 then
            lanes.z = value
        end
    end
    return lanes
end

-- ---- What h knows of a message -------------------------------------------------------------------

local function pack_touched(odd, count, claim)
    return struct.pack('>BI4', odd and 1 or 0, count) .. (claim or '')
end

-- returns odd, count, claim (nil when it is free)
local function unpack_touched(value)
    local place, count = struct.unpack('>BI4', value)
    return place == 1, count, #value > 5 and string.sub(value, 6) or nil
end

-- holder gives the count and the live claim of a message, from its value in h (false: none). A claim
-- that has ended, but was not settled yet, holds nothing.
local function holder(id, touched)
    if not touched then
        return 0, nil
    end
    local _, count, claim = unpack_touched(touched)
    if claim and tonumber(call('ZSCORE', Q .. 'c', id) or 0) <= now then
        claim = nil
    end
    return count, claim
end

-- ---- What k knows of a claim ---------------------------------------------------------------------

local function pack_claim(created, ttl_s, end_ms, seqs)
    local parts = {struct.pack('>I8I4I8', created, ttl_s, end_ms)}
    for i = 1, #seqs do
        parts[i + 1] = struct.pack('>I8', seqs[i])
    end
    return table.concat(parts)
end

local function unpack_claim(value)
    local claim, seqs = {}, {}
    claim.created, claim.ttl_s, claim.end_ms = struct.unpack('>I8I4I8', value)
    for at = 21, #value, 8 do
        seqs[#seqs + 1] = struct.unpack('>I8', value, at)
    end
    claim.seqs = seqs
    return claim
end

-- leave_claim takes a message out of the claim that holds it; an empty claim is gone.
local function leave_claim(id, seq)
    local value = call('HGET', Q .. 'k', id)
    if not value then
        return
    end
    local claim, rest = unpack_claim(value), {}
    for _, s in ipairs(claim.seqs) do
        if s ~= seq then
            rest[#rest + 1] = s
        end
    end
    if #rest == 0 then
        call('HDEL', Q .. 'k', id)
    else
        call('HSET', Q .. 'k', id, pack_claim(claim.created, claim.ttl_s, claim.end_ms, rest))
    end
end

-- ---- Records -------------------------------------------------------------------------------------

-- A record: {expires_ms, created_ms, client, checksum, body, epoch or false, seq or false}.

local function lane_record(entry, lane)
    local seq = tonumber(string.sub(entry[1], 1, -3)) -- "<seq>-0"
    local fields = entry[2]
    local created = created_ms(seq)
    return {created + lane.ttl_ms, created, fields[2], fields[6] or '', fields[4], false, false}, seq
end

-- find gives a message that is alive: its record, and whether it is odd.
local function find(lanes, seq)
    local lane, id = lanes[seq % 8], digits(seq)
    if lane and lane.ttl_ms and seq >= lane.live_from then
        local entry = call('XRANGE', lane_key(lane.n), id, id)[1]
        if entry then
            return lane_record(entry, lane), false
        end
    end
    local packed = call('HGET', Q .. 'x', id)
    if packed then
        local record = cmsgpack.unpack(packed)
        if record[1] > now then
            return record, true
        end
    end
    return nil
end

-- emit appends a message to a reply: a head of fixed size with the checksum behind it, and the body.
local function emit(reply, epoch, seq, record, count, claim)
    reply[#reply + 1] = struct.pack('>I8I8I8I8I8I4B', record[6] or epoch, record[7] or seq, seq,
                                    record[2], record[1], count, claim and 1 or 0)
                        .. (claim or '') .. record[4]
    reply[#reply + 1] = record[5]
end

-- local_seq turns a client's id (epoch, seq) into this queue's number; nil if it isn't of here.
local function local_seq(epoch, id_epoch, id_seq)
    if id_epoch == epoch then
        return tonumber(id_seq)
    end
    local alias = call('HGET', Q .. 'a', digits(id_epoch) .. '.' .. id_seq)
    return alias and tonumber(alias) or nil
end

-- find_by_id finds a living message by the id that clients know: its number, record, whether it is odd,
-- and what h says of it (false: nothing).
local function find_by_id(lanes, epoch, id_epoch, id_seq)
    local seq = local_seq(epoch, id_epoch, id_seq)
    if not seq then
        return nil
    end
    local record, odd = find(lanes, seq)
    if not record or (record[6] and id_epoch == epoch) then
        return nil -- a dead letter goes by the id it came with, not by its place here
    end
    return seq, record, odd, call('HGET', Q .. 'h', digits(seq))
end

-- ---- Taking away ---------------------------------------------------------------------------------

local function remove_odd(id)
    local packed = call('HGET', Q .. 'x', id)
    if not packed then
        return
    end
    local record = cmsgpack.unpack(packed)
    if record[6] then
        call('HDEL', Q .. 'a', digits(record[6]) .. '.' .. digits(record[7]))
    end
    call('HDEL', Q .. 'x', id)
    call('ZREM', Q .. 'e', id)
    if call('ZREM', Q .. 'r', id) == 0 and call('ZREM', Q .. 'z', id) == 1 then
        call('ZREM', Q .. 'd', id)
    end
end

-- remove takes a living message away, wherever it is. touched is its value in h, or false. An emptied
-- lane stays for the next message of its ttl, or until the sweeper comes.
local function remove(seq, odd, touched)
    local id = digits(seq)
    if odd then
        remove_odd(id)
    else
        call('XDEL', lane_key(seq % 8), id)
    end
    if touched then
        local _, _, claim = unpack_touched(touched)
        call('HDEL', Q .. 'h', id)
        if claim then
            call('ZREM', Q .. 'c', id)
            leave_claim(claim, seq)
        end
        if odd then
            call('ZREM', Q .. 'y', id)
        elseif not claim then
            call('ZREM', back_key(seq % 8), id)
        end
    end
end

-- ---- What time does ------------------------------------------------------------------------------

-- set_free puts a claimed message back among the free ones.
local function set_free(lanes, seq, odd, count)
    local id = digits(seq)
    call('ZREM', Q .. 'c', id)
    if odd then
        call('HSET', Q .. 'h', id, pack_touched(true, count))
        if call('ZREM', Q .. 'y', id) == 1 then
            call('ZADD', Q .. 'r', id, id)
        end
        return
    end
    local lane = lanes[seq % 8]
    if lane and lane.ttl_ms and seq >= lane.live_from then
        call('HSET', Q .. 'h', id, pack_touched(false, count))
        call('ZADD', back_key(lane.n), id, id)
    else
        call('HDEL', Q .. 'h', id) -- it expired while it was claimed
    end
end

local function due_of(key)
    return call('ZRANGEBYSCORE', key, '-inf', digits(now), 'LIMIT', 0, BUDGET)
end

local function expire_odd()
    local expired = due_of(Q .. 'e')
    for _, id in ipairs(expired) do
        remove(tonumber(id), true, call('HGET', Q .. 'h', id))
    end
    return #expired
end

local function end_claims(lanes)
    local ended = due_of(Q .. 'c')
    for _, id in ipairs(ended) do
        local touched = call('HGET', Q .. 'h', id)
        if touched then
            local odd, count, claim = unpack_touched(touched)
            set_free(lanes, tonumber(id), odd, count)
            if claim then
                call('HDEL', Q .. 'k', claim)
            end
        else
            call('ZREM', Q .. 'c', id)
        end
    end
    return #ended
end

local function make_ready()
    local due = due_of(Q .. 'd')
    for _, id in ipairs(due) do
        call('ZREM', Q .. 'd', id)
        call('ZREM', Q .. 'z', id)
        call('ZADD', Q .. 'r', id, id)
    end
    return #due
end

-- note_next writes down when the next thing becomes due.
local function note_next(lanes)
    local next_ms
    for _, name in ipairs({'e', 'c', 'd'}) do
        local at = call('ZRANGE', Q .. name, 0, 0, 'WITHSCORES')[2]
        if at and (not next_ms or tonumber(at) < next_ms) then
            next_ms = tonumber(at)
        end
    end
    lanes.next_ms = next_ms
    if next_ms then
        call('HSET', Q .. 'm', 'n', digits(next_ms))
    else
        call('HDEL', Q .. 'm', 'n')
    end
end

-- settle does what became due: odd messages expire, claims end, delayed messages become ready. True
-- when there is more than one call should do; the worker then calls again. Each message is settled
-- once, so the work is bounded by what was posted and claimed.
local function settle(lanes)
    if not lanes.next_ms or now < lanes.next_ms then
        return false
    end
    local more = expire_odd() == BUDGET
    more = end_claims(lanes) == BUDGET or more
    more = make_ready() == BUDGET or more
    if not more then
        note_next(lanes)
    end
    return more
end

-- ---- Taking the oldest free messages ------------------------------------------------------------

local function by_seq(a, b)
    return a.seq < b.seq
end

-- add_free adds the free messages of a lane: those that came back, and those behind the frontier.
-- Returns how many of its two sources gave something.
local function add_free(list, lane, limit)
    local back = call('ZRANGEBYSCORE', back_key(lane.n), digits(lane.live_from), '+inf',
                      'LIMIT', 0, limit)
    local from = math.max(lane.frontier + 1, lane.live_from)
    local fresh = call('XRANGE', lane_key(lane.n), digits(from), '+', 'COUNT', limit)
    for _, id in ipairs(back) do
        list[#list + 1] = {seq = tonumber(id), lane = lane, odd = false}
    end
    for _, entry in ipairs(fresh) do
        local record, seq = lane_record(entry, lane)
        list[#list + 1] = {seq = seq, record = record, lane = lane, odd = false, count = 0,
                           touched = false, fresh = true}
    end
    return (#back > 0 and 1 or 0) + (#fresh > 0 and 1 or 0)
end

-- complete reads what is not known yet of a message; false if it is a left-over of a lane whose number
-- was given out again, which then goes.
local function complete(lanes, m)
    if m.record then
        return true
    end
    local id = digits(m.seq)
    m.record = find(lanes, m.seq)
    if not m.record then
        call('ZREM', m.odd and Q .. 'r' or back_key(m.lane.n), id)
        call('HDEL', Q .. 'h', id)
        return false
    end
    m.touched = call('HGET', Q .. 'h', id)
    m.count = m.touched and select(2, unpack_touched(m.touched)) or 0
    return true
end

-- oldest_free gives up to limit free messages, oldest first: {seq, record, odd, count, touched, lane,
-- fresh}. The lanes, what came back to them, and the odd ones are merged by number.
local function oldest_free(lanes, limit)
    local list, sources = {}, 0
    for n = 1, LANES do
        if lanes[n] and lanes[n].ttl_ms then
            sources = sources + add_free(list, lanes[n], limit)
        end
    end
    local ready = call('ZRANGE', Q .. 'r', 0, limit - 1)
    for _, id in ipairs(ready) do
        list[#list + 1] = {seq = tonumber(id), odd = true}
    end
    if sources + (#ready > 0 and 1 or 0) > 1 then
        table.sort(list, by_seq)
    end
    local taken = {}
    for i = 1, math.min(#list, limit) do
        if complete(lanes, list[i]) then
            taken[#taken + 1] = list[i]
        end
    end
    return taken
end

-- advance notes that a fresh message is taken; save_frontiers writes the lanes' frontiers, and next_ms
-- if it is given and another than before.
local function advance(m)
    if m.fresh and m.seq > m.lane.frontier then
        m.lane.frontier = m.seq
        m.lane.moved = true
    end
end

local function save_frontiers(lanes, next_ms)
    local fields = {}
    for n = 1, LANES do
        if lanes[n] and lanes[n].moved then
            fields[#fields + 1] = 'f' .. n
            fields[#fields + 1] = digits(lanes[n].frontier)
        end
    end
    if next_ms and next_ms ~= lanes.next_ms then
        fields[#fields + 1] = 'n'
        fields[#fields + 1] = digits(next_ms)
    end
    if #fields > 0 then
        call('HSET', Q .. 'm', unpack(fields))
    end
end
