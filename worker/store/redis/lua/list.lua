-- Lists messages after a marker.
-- ARGV: now, epoch, client, after_epoch, after_seq, limit, echo, include_claimed, include_delayed, from.
-- from: where an earlier call stopped (then after_* was looked at already), or -1.
-- Returns: where to go on, or -1 when the page is full or nothing is left; then the messages.

-- @include queue
-- @include posted
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
    local of_epoch = tonumber(ARGV[4])
    if of_epoch == epoch then
        after = tonumber(ARGV[5])
    elseif of_epoch == 0 then
        after = 0 -- no marker
    else
        -- @include ids
        -- of an earlier life of the queue: everything here is newer; of a later one: nothing is
        after = local_seq(epoch, of_epoch, ARGV[5]) or of_epoch < epoch and 0 or nil
    end
    if not after then
        return {-1}
    end
end

-- scan reads up to chunk messages of each sorted source that has any: {found, lane}, entries of a lane, or
-- numbers where lane is false.
local sources

local function add_entries(lane, from, chunk)
    local found = call('XRANGE', lane_key(lane.n), digits(from), '+', 'COUNT', chunk)
    if #found > 0 then
        sources[#sources + 1] = {found, lane}
    end
end

local function add_numbers(key, from, chunk)
    local found = call('ZRANGEBYSCORE', key, from, '+inf', 'LIMIT', 0, chunk)
    if #found > 0 then
        sources[#sources + 1] = {found, false}
    end
end

local function scan(chunk)
    sources = {}
    for n = 1, LANES do
        local lane = lanes[n]
        if lane then
            local from = math.max(after + 1, lane.live_from)
            if include_claimed then
                add_entries(lane, from, chunk)
            else
                add_numbers(back_key(n), digits(from), chunk)
                add_entries(lane, math.max(from, lane.frontier + 1), chunk)
            end
        end
    end
    local open = '(' .. digits(after)
    add_numbers(Q .. 'r', open, chunk)
    if include_claimed then
        add_numbers(Q .. 'y', open, chunk)
    end
    if include_delayed then
        add_numbers(Q .. 'z', open, chunk)
    end
end

local reply, page, seen = {-1}, 0, 0

local function number_of(entry)
    return tonumber(string.sub(entry[1], 1, -3)) -- "<seq>-0"
end

-- add_posted adds entries that are as they were posted to the page, but for the client's own.
local function add_posted(found, lane)
    for i = 1, #found do
        if echo or found[i][2][2] ~= client then
            emit_posted(reply, found[i], lane)
            page = page + 1
            if page == limit then
                return
            end
        end
    end
end

-- add_merged adds the messages of all sources in order, up to the number up to which that is certain:
-- behind the end of a source that was not read to its end there may be more of it.
local function add_merged(chunk)
    -- @include touched
    -- @include records
    local list, trusted = {}, nil
    for _, source in ipairs(sources) do
        local found, lane = source[1], source[2]
        for i = 1, #found do
            local seq = lane and number_of(found[i]) or tonumber(found[i])
            list[#list + 1] = {seq = seq, entry = lane and found[i], lane = lane}
        end
        if #found == chunk and (not trusted or list[#list].seq < trusted) then
            trusted = list[#list].seq
        end
    end
    table.sort(list, function(a, b) return a.seq < b.seq end)
    for i = 1, #list do
        local m = list[i]
        if trusted and m.seq > trusted then
            break
        end
        after = m.seq
        seen = seen + 1
        if m.entry and m.seq > m.lane.frontier then
            add_posted({m.entry}, m.lane)
        else
            local record = m.entry and lane_record(m.entry, m.lane, m.seq) or find(lanes, m.seq)
            if record and (echo or record[3] ~= client) then
                local touched, count, claim = call('HGET', Q .. 'h', digits(m.seq)), 0, nil
                if touched then
                    local _
                    _, count, claim = unpack_touched(touched)
                end
                emit(reply, epoch, m.seq, record, count, claim)
                page = page + 1
            end
        end
        if page == limit then
            break
        end
    end
    return trusted ~= nil
end

while true do
    local chunk, more = math.min(limit + 1, SCAN), false
    scan(chunk)
    local first = sources[1]
    if #sources == 1 and first[2] and not include_claimed then
        -- most queues: one lane, and nothing came back to it
        add_posted(first[1], first[2])
        after = number_of(first[1][#first[1]])
        seen = seen + #first[1]
        more = #first[1] == chunk
    elseif first then
        more = add_merged(chunk)
    end
    if page == limit or not more then
        return reply -- or every source was read to its end
    end
    if seen >= SCAN then
        reply[1] = after
        return reply
    end
end
