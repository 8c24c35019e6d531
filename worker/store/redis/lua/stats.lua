-- Counts. ARGV: now, epoch. Returns claimed, total, then oldest and newest (epoch, seq, created_ms each)
-- if there are any; or "again".

-- @include queue
-- @include touched
-- @include records
-- @include settle
-- @include trim

local lanes = read_queue()
if settle(lanes) then
    return 'again'
end

local total = call('HLEN', Q .. 'x')
local oldest, newest

local function consider(seq)
    if seq then
        seq = tonumber(seq)
        oldest = (not oldest or seq < oldest) and seq or oldest
        newest = (not newest or seq > newest) and seq or newest
    end
end

for n = 1, LANES do
    local lane = lanes[n]
    if lane and lane.ttl_ms then
        if trim(lane) then
            return 'again'
        end
        total = total + call('XLEN', lane_key(n))
        local first = call('XRANGE', lane_key(n), '-', '+', 'COUNT', 1)[1]
        if first then
            local last = call('XREVRANGE', lane_key(n), '+', '-', 'COUNT', 1)[1]
            consider(string.sub(first[1], 1, -3))
            consider(string.sub(last[1], 1, -3))
        end
    end
end
for _, state in ipairs({'r', 'y', 'z'}) do
    consider(call('ZRANGE', Q .. state, 0, 0)[1])
    consider(call('ZRANGE', Q .. state, -1, -1)[1])
end

local reply = {call('ZCARD', Q .. 'c'), total}
for _, seq in ipairs({oldest, newest}) do
    local record = find(lanes, seq)
    reply[#reply + 1] = record and record[6] or tonumber(ARGV[2])
    reply[#reply + 1] = record and record[7] or seq
    reply[#reply + 1] = record and record[2] or created_ms(seq)
end
return reply
