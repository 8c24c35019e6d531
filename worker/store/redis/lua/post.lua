-- Posts messages: any number of operations of one queue, each all or none, all in the order given.
-- ARGV: now, epoch (unused), bucket, again (1 if one of them comes again), operations; for each of
-- them: key, client, messages; for each of those: ttl_s, delay_s, checksum, body.
-- Returns for each operation the numbers of its messages, separated by spaces.

-- @include numbers
-- @include retries

local bucket = tonumber(ARGV[3])
local again = ARGV[4] == '1'
local first_ttl = ARGV[9] or '0' -- of a post without messages anything does
local meta = call('HMGET', Q .. 'm', 'l', 'o', 'z', 't' .. first_ttl)
local last = tonumber(meta[1] or 0)
local look = may_come_twice(again, bucket, meta[3])
local lanes = {} -- ttl -> number of its lane
local replies, answers = {}, {}
local last_id

if meta[4] then
    lanes[first_ttl] = tonumber(meta[4])
end

-- empty_lane gives a lane back whose messages are all gone; false if there is none.
local function empty_lane()
    local fields = call('HGETALL', Q .. 'm')
    for i = 1, #fields, 2 do
        if string.byte(fields[i]) == 116 then -- t<ttl>
            local n = fields[i + 1]
            if call('XLEN', Q .. 's' .. n) == 0 and call('EXISTS', Q .. 'b' .. n) == 0 then
                call('DEL', Q .. 's' .. n)
                call('HDEL', Q .. 'm', fields[i], 'f' .. n)
                lanes[string.sub(fields[i], 2)] = nil
                return true
            end
        end
    end
    return false
end

-- open_lane finds the lane of a ttl, or gives it a free one; 0 when all are taken.
local function open_lane(ttl)
    -- @include odd
    local lane = call('HGET', Q .. 'm', 't' .. ttl)
    if lane then
        return tonumber(lane)
    end
    repeat
        for n = 1, LANES do
            if call('HSETNX', Q .. 'm', 'f' .. n, 0) == 1 then
                call('HSET', Q .. 'm', 't' .. ttl, n)
                call('PERSIST', Q .. 'm')
                note_due(Q, now + tonumber(ttl) * 1000)
                return n
            end
        end
    until not empty_lane()
    return 0
end

-- post_odd keeps a message for which there is no lane.
local function post_odd(client, ttl, delay, checksum, body)
    -- @include odd
    local created = created_ms(last)
    local record = {created + tonumber(ttl) * 1000, created, client, checksum, body, false, false}
    call('PERSIST', Q .. 'm')
    if delay == '0' then
        add_odd(Q, last, record, 'r')
    else
        local due = now + tonumber(delay) * 1000
        add_odd(Q, last, record, 'z')
        call('ZADD', Q .. 'd', digits(due), last_id)
        expect(Q, due)
        note_due(Q, due)
    end
end

local function post(client, ttl, delay, checksum, body)
    local lane = 0
    if delay == '0' then
        lane = lanes[ttl]
        if not lane then
            lane = open_lane(ttl)
            lanes[ttl] = lane
        end
    end
    last = next_number(last, lane)
    last_id = digits(last)
    if lane == 0 then
        post_odd(client, ttl, delay, checksum, body)
    elseif checksum == '' then
        call('XADD', Q .. 's' .. lane, last_id, 'c', client, 'b', body)
    else
        call('XADD', Q .. 's' .. lane, last_id, 'c', client, 'b', body, 'k', checksum)
    end
end

local at = 6
for i = 1, tonumber(ARGV[5]) do
    local key, client, messages = ARGV[at], ARGV[at + 1], tonumber(ARGV[at + 2])
    local answer = look and recall(bucket, key)
    at = at + 3
    if answer then
        at = at + 4 * messages
    else
        local ids = {}
        for j = 1, messages do
            post(client, ARGV[at], ARGV[at + 1], ARGV[at + 2], ARGV[at + 3])
            ids[j] = last_id
            at = at + 4
        end
        answer = messages == 1 and last_id or table.concat(ids, ' ')
        if look then
            call('HSET', Q .. 'o' .. bucket, key, answer) -- the next of this call may be the same
        else
            answers[#answers + 1] = key
            answers[#answers + 1] = answer
        end
    end
    replies[i] = answer
end

for i = 1, #answers, 2000 do
    call('HSET', Q .. 'o' .. bucket, unpack(answers, i, math.min(i + 1999, #answers)))
end
if last_id then
    call('HSET', Q .. 'm', 'l', last_id)
end
keep_bucket(bucket, meta[2], again)
return replies
