-- Lists messages after a marker.
-- ARGV: now, epoch, client, after_epoch, after_seq, limit, echo, include_claimed, include_delayed, from.
-- from: where an earlier call stopped (then after_* was looked at already), or -1.
-- Returns: where to go on, or -1 when the page is full or nothing is left; then the messages.

local epoch, client = tonumber(ARGV[2]), ARGV[3]
local limit = tonumber(ARGV[6])
local echo, include_claimed, include_delayed = ARGV[7] == '1', ARGV[8] == '1', ARGV[9] == '1'
local after = tonumber(ARGV[10])
local lanes = read_queue()
local SCAN = 500 -- messages that one call looks at (own ones are hidden, however many there are)

if settle(lanes) then
    return {after, 'settling'}
end
if after < 0 then
    after = local_seq(epoch, tonumber(ARGV[4]), ARGV[5])
    if not after then
        -- of an earlier life of the queue: everything here is newer; of a later one: nothing is
        after = tonumber(ARGV[4]) < epoch and 0 or nil
    end
    if not after then
        return {-1}
    end
end

-- scan adds up to limit numbers of one sorted source. Whether more of the source may follow decides
-- how far the merged list can be trusted.
local list, trusted

local function add(ids, full_at, item)
    for _, id in ipairs(ids) do
        list[#list + 1] = item(id)
    end
    if #ids == full_at and (not trusted or list[#list].seq < trusted) then
        trusted = list[#list].seq
    end
end

local function odd_item(id)
    return {seq = tonumber(id), odd = true}
end

local function scan(chunk)
    list, trusted = {}, nil
    for n = 1, LANES do
        local lane = lanes[n]
        if lane and lane.ttl_ms then
            local from = math.max(after + 1, lane.live_from)
            local function entry_item(entry)
                local record, seq = lane_record(entry, lane)
                return {seq = seq, record = record, fresh = seq > lane.frontier}
            end
            if include_claimed then
                add(call('XRANGE', lane_key(n), digits(from), '+', 'COUNT', chunk), chunk, entry_item)
            else
                add(call('ZRANGEBYSCORE', back_key(n), digits(from), '+inf', 'LIMIT', 0, chunk), chunk,
                    function(id) return {seq = tonumber(id)} end)
                add(call('XRANGE', lane_key(n), digits(math.max(from, lane.frontier + 1)), '+',
                         'COUNT', chunk), chunk, entry_item)
            end
        end
    end
    local open = '(' .. digits(after)
    add(call('ZRANGEBYSCORE', Q .. 'r', open, '+inf', 'LIMIT', 0, chunk), chunk, odd_item)
    if include_claimed then
        add(call('ZRANGEBYSCORE', Q .. 'y', open, '+inf', 'LIMIT', 0, chunk), chunk, odd_item)
    end
    if include_delayed then
        add(call('ZRANGEBYSCORE', Q .. 'z', open, '+inf', 'LIMIT', 0, chunk), chunk, odd_item)
    end
    table.sort(list, by_seq)
end

local reply, found, seen = {-1}, 0, 0

while true do
    local chunk = math.min(limit + 1, SCAN)
    scan(chunk)
    for _, m in ipairs(list) do
        if trusted and m.seq > trusted then
            break
        end
        after = m.seq
        seen = seen + 1
        m.record = m.record or find(lanes, m.seq)
        if m.record and (echo or m.record[3] ~= client) then
            local touched, count, claim = not m.fresh and call('HGET', Q .. 'h', digits(m.seq)), 0, nil
            if touched then
                local _
                _, count, claim = unpack_touched(touched)
            end
            emit(reply, epoch, m.seq, m.record, count, claim)
            found = found + 1
            if found == limit then
                return reply
            end
        end
    end
    if not trusted then
        return reply -- every source was read to its end
    end
    if seen >= SCAN then
        reply[1] = after
        return reply
    end
end
