-- Claims the oldest free messages: any number of claims of one queue, served in the order given.
-- ARGV: now, epoch, max_count (-1: no dead letters), dead ttl_s (0: keep), claims; for each of those:
-- claim, limit, ttl_s, grace_s. KEYS[3]: base of the dead letter queue, never Q itself.
-- Returns for each claim its messages, or "again" when there is too much to do first.

-- @include queue
-- @include touched
-- @include claims
-- @include records
-- @include posted
-- @include take
-- @include lists
-- @include settle

local epoch, max_count, dead_ttl_s = tonumber(ARGV[2]), tonumber(ARGV[3]), tonumber(ARGV[4])
local lanes = read_queue()
local claims, wanted, replies = {}, 0, {}

-- told_before answers a claim that exists: the same operation again, the same answer.
local function told_before(claim, value)
    local reply = {}
    for _, seq in ipairs(unpack_claim(value).seqs) do
        local record = find(lanes, seq)
        if record then
            local _, count = unpack_touched(call('HGET', Q .. 'h', digits(seq)))
            emit(reply, epoch, seq, record, count, claim)
        end
    end
    return reply
end

for i = 1, tonumber(ARGV[5]) do
    local at = 2 + 4 * i
    local known = call('HGET', Q .. 'k', ARGV[at])
    if known then
        replies[i] = told_before(ARGV[at], known)
    else
        local ttl_s = tonumber(ARGV[at + 2])
        local end_ms = now + ttl_s * 1000
        local c = {id = ARGV[at], limit = tonumber(ARGV[at + 1]), ttl_s = ttl_s, end_ms = end_ms,
                   end_digits = digits(end_ms), grace_ms = tonumber(ARGV[at + 3]) * 1000,
                   reply = {}, taken = {}}
        claims[#claims + 1] = c
        wanted = wanted + c.limit
        replies[i] = c.reply
    end
end
if wanted == 0 then
    return replies
end
if settle(lanes) then
    return 'again'
end

-- bury moves a message to the end of the dead letter queue. It keeps its id, body and age.
local bury
if max_count >= 0 then
    -- @include numbers
    -- @include odd
    -- @include remove
    bury = function(m)
        local base, record = KEYS[3], m.record or lane_record(m.entry, m.lane, m.seq)
        local seq = next_number(tonumber(call('HGET', base .. 'm', 'l') or 0), 0)
        advance(m)
        remove(m.seq, m.odd, m.touched, m.record)
        if dead_ttl_s > 0 then
            record[1] = now + dead_ttl_s * 1000
        end
        record[6], record[7] = record[6] or epoch, record[7] or m.seq
        call('HSET', base .. 'm', 'l', digits(seq))
        call('PERSIST', base .. 'm')
        call('HSET', base .. 'a', digits(record[6]) .. '.' .. digits(record[7]), digits(seq))
        add_odd(base, seq, record, 'r')
    end
end

-- What is written at the end, all at once: arguments for c, h, x, e and y.
local held, touched, records, ends, odd_ones = {}, {}, {}, {}, {}

-- prolong lets a message that would end before its claim live on to the claim's end and the grace.
-- It leaves its lane, where all live equally long. The queue is settled in time for it, and visited by the
-- sweeper, as it is for the claim's end and for the end that the message had.
local function prolong(m, claim)
    m.record = m.record or lane_record(m.entry, m.lane, m.seq)
    m.record[1] = claim.end_ms + claim.grace_ms
    append(records, m.id, cmsgpack.pack(m.record))
    append(ends, digits(m.record[1]), m.id)
    if not m.odd then
        call('XDEL', lane_key(m.lane.n), m.id)
        append(odd_ones, m.id, m.id)
        m.odd, m.entry = true, nil
    end
end

local function hold(m, claim)
    advance(m)
    if m.odd then
        call('ZREM', Q .. 'r', m.id)
        append(odd_ones, m.id, m.id)
    elseif not m.entry then
        call('ZREM', back_key(m.lane.n), m.id)
    end
    if (m.record and m.record[1] or created_ms(m.seq) + m.lane.ttl_ms) < claim.end_ms then
        prolong(m, claim)
    end
    append(held, claim.end_digits, m.id)
    append(touched, m.id, pack_touched(m.odd, m.count + 1, claim.id))
    claim.taken[#claim.taken + 1] = m.seq
    if m.entry then
        emit_posted(claim.reply, m.entry, m.lane)
    else
        emit(claim.reply, epoch, m.seq, m.record, m.count + 1, claim.id)
    end
end

local serving, buried = 1, 0
repeat
    local moved = false
    for _, m in ipairs(oldest_free(lanes, wanted)) do
        if max_count >= 0 and m.count >= max_count then
            bury(m)
            moved, buried = true, buried + 1
        else
            hold(m, claims[serving])
            wanted = wanted - 1
            if #claims[serving].taken == claims[serving].limit then
                serving = serving + 1
            end
        end
    end
until not moved or wanted == 0 or buried >= BUDGET

if #held == 0 then
    save_frontiers(lanes)
    return buried >= BUDGET and 'again' or replies
end
call('ZADD', Q .. 'c', unpack(held))
call('HSET', Q .. 'h', unpack(touched))
with('HSET', Q .. 'x', records)
with('ZADD', Q .. 'e', ends)
with('ZADD', Q .. 'y', odd_ones)
local kept, next_ms = {}, lanes.next_ms
for _, claim in ipairs(claims) do
    if #claim.taken > 0 then
        append(kept, claim.id, pack_claim(now, claim.ttl_s, claim.end_ms, claim.taken))
        if not next_ms or claim.end_ms < next_ms then
            next_ms = claim.end_ms
        end
    end
end
call('HSET', Q .. 'k', unpack(kept))
save_frontiers(lanes, next_ms)
return replies
