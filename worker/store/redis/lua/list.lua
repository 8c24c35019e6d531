-- Lists messages after a marker.
-- ARGV: now, epoch, client, after_epoch, after_seq, limit, echo, include_claimed, include_delayed, from.
-- from: where an earlier call stopped (then after_* was looked at already), or -1.
-- Returns: where to go on, or -1 when the page is full or nothing is left; then the messages.

-- @include queue
-- @include touched
-- @include records
-- @include settle

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
    -- @include ids
    after = local_seq(epoch, tonumber(ARGV[4]), ARGV[5])
    if not after then
        -- of an earlier life of the queue: everything here is newer; of a later one: nothing is
        after = tonumber(ARGV[4]) < epoch and 0 or nil
    end
    if not after then
        return {-1}
    end
end

-- scan reads up to chunk messages of each sorted source into list. Whether more of a source may follow
-- decides up to which number the merged list can be trusted.
local list, sources, trusted

local function note_source(found, chunk)
    if #found > 0 then
        sources = sources + 1
        if #found == chunk and (not trusted or list[#list].seq < trusted) then
            trusted = list[#list].seq
        end
    end
end

-- entries of a lane; behind its frontier they may be claimed, or have been
local function add_entries(lane, from, chunk)
    local found = call('XRANGE', lane_key(lane.n), digits(from), '+', 'COUNT', chunk)
    for i = 1, #found do
        local seq = tonumber(string.sub(found[i][1], 1, -3)) -- "<seq>-0"
        list[#list + 1] = {seq = seq, entry = found[i], lane = lane, posted = seq > lane.frontier}
    end
    note_source(found, chunk)
end

local function add_ids(key, from, chunk)
    local found = call('ZRANGEBYSCORE', key, from, '+inf', 'LIMIT', 0, chunk)
    for i = 1, #found do
        list[#list + 1] = {seq = tonumber(found[i])}
    end
    note_source(found, chunk)
end

local function scan(chunk)
    list, sources, trusted = {}, 0, nil
    for n = 1, LANES do
        local lane = lanes[n]
        if lane and lane.ttl_ms then
            local from = math.max(after + 1, lane.live_from)
            if include_claimed then
                add_entries(lane, from, chunk)
            else
                add_ids(back_key(n), digits(from), chunk)
                add_entries(lane, math.max(from, lane.frontier + 1), chunk)
            end
        end
    end
    local open = '(' .. digits(after)
    add_ids(Q .. 'r', open, chunk)
    if include_claimed then
        add_ids(Q .. 'y', open, chunk)
    end
    if include_delayed then
        add_ids(Q .. 'z', open, chunk)
    end
    if sources > 1 then
        table.sort(list, function(a, b) return a.seq < b.seq end)
    end
end

local reply, found, seen = {-1}, 0, 0

-- add adds a message to the page, unless it is the client's own or has gone.
local function add(m)
    if m.posted then
        if echo or m.entry[2][2] ~= client then
            emit_posted(reply, m.entry, m.lane)
            found = found + 1
        end
        return
    end
    local record = m.entry and lane_record(m.entry, m.lane, m.seq) or find(lanes, m.seq)
    if record and (echo or record[3] ~= client) then
        local touched, count, claim = call('HGET', Q .. 'h', digits(m.seq)), 0, nil
        if touched then
            local _
            _, count, claim = unpack_touched(touched)
        end
        emit(reply, epoch, m.seq, record, count, claim)
        found = found + 1
    end
end

while true do
    scan(math.min(limit + 1, SCAN))
    for i = 1, #list do
        local m = list[i]
        if trusted and m.seq > trusted then
            break
        end
        after = m.seq
        seen = seen + 1
        add(m)
        if found == limit then
            return reply
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
