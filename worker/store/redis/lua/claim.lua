-- Claims the oldest free messages for one consumer.
-- ARGV: now, epoch, claim, limit, ttl_s, grace_s, max_count (-1: no dead letters), dead ttl_s (0: keep).
-- KEYS[3]: base of the dead letter queue, never Q itself. Returns the messages, or "again".

local epoch, claim, limit = tonumber(ARGV[2]), ARGV[3], tonumber(ARGV[4])
local ttl_s, grace_s = tonumber(ARGV[5]), tonumber(ARGV[6])
local max_count, dead_ttl_s = tonumber(ARGV[7]), tonumber(ARGV[8])
local end_ms = now + ttl_s * 1000
local lanes = read_queue()
local reply = {}

local known = call('HGET', Q .. 'k', claim)
if known then -- the same operation again: the same answer
    for _, seq in ipairs(unpack_claim(known).seqs) do
        local record = find(lanes, seq)
        if record then
            local _, count = unpack_touched(call('HGET', Q .. 'h', digits(seq)))
            emit(reply, epoch, seq, record, count, claim)
        end
    end
    return reply
end
if settle(lanes) then
    return 'again'
end

-- bury moves a message to the end of the dead letter queue. It keeps its id, body and age.
local function bury(m)
    local base, record = KEYS[3], m.record
    local seq = next_number(tonumber(call('HGET', base .. 'm', 'l') or 0), 0)
    advance(m)
    remove(m.seq, m.odd, m.touched)
    if dead_ttl_s > 0 then
        record[1] = now + dead_ttl_s * 1000
    end
    record[6], record[7] = record[6] or epoch, record[7] or m.seq
    call('HSET', base .. 'm', 'l', digits(seq))
    call('PERSIST', base .. 'm')
    call('HSET', base .. 'a', digits(record[6]) .. '.' .. digits(record[7]), digits(seq))
    add_odd(base, seq, record, 'r')
end

-- prolong lets a message that would end before its claim live on to the claim's end and the grace.
-- It leaves its lane, where all live equally long.
local function prolong(m)
    local id = digits(m.seq)
    m.record[1] = end_ms + grace_s * 1000
    if m.odd then
        call('HSET', Q .. 'x', id, cmsgpack.pack(m.record))
        call('ZADD', Q .. 'e', digits(m.record[1]), id)
    else
        call('XDEL', lane_key(m.lane.n), id)
        add_odd(Q, m.seq, m.record, 'y')
        m.odd = true
    end
end

local held, touched = {}, {} -- arguments for c and h

local function hold(m)
    local id = digits(m.seq)
    advance(m)
    if m.odd then
        call('ZREM', Q .. 'r', id)
        call('ZADD', Q .. 'y', id, id)
    elseif not m.fresh then
        call('ZREM', back_key(m.lane.n), id)
    end
    if m.record[1] < end_ms then
        prolong(m)
    end
    held[#held + 1] = digits(end_ms)
    held[#held + 1] = id
    touched[#touched + 1] = id
    touched[#touched + 1] = pack_touched(m.odd, m.count + 1, claim)
end

local taken, buried = {}, 0
repeat
    local moved = false
    for _, m in ipairs(oldest_free(lanes, limit - #taken)) do
        if max_count >= 0 and m.count >= max_count then
            bury(m)
            moved, buried = true, buried + 1
        else
            hold(m)
            taken[#taken + 1] = m.seq
            emit(reply, epoch, m.seq, m.record, m.count + 1, claim)
        end
    end
    save_frontiers(lanes)
until not moved or #taken == limit or buried >= BUDGET

if #taken > 0 then
    call('ZADD', Q .. 'c', unpack(held))
    call('HSET', Q .. 'h', unpack(touched))
    call('HSET', Q .. 'k', claim, pack_claim(now, ttl_s, end_ms, taken))
    if not lanes.next_ms or end_ms < lanes.next_ms then
        call('HSET', Q .. 'm', 'n', digits(end_ms))
    end
elseif buried >= BUDGET then
    return 'again'
end
return reply
