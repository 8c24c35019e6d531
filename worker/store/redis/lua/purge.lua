-- Deletes all messages and claims of a queue, all its subscriptions, or both. What was answered to
-- operations stays known, and so does the last number. ARGV: now, epoch, what (1 messages, 2
-- subscriptions, 3 both). Returns 1.

-- @include queue
-- @include odd

local function purge_messages()
    local kept = call('HMGET', Q .. 'm', 'l', 'o', 'z')
    local keys = {Q .. 'm'}
    for n = 1, LANES do
        keys[#keys + 1] = lane_key(n)
        keys[#keys + 1] = back_key(n)
    end
    for name in string.gmatch('xryzdechka', '.') do
        keys[#keys + 1] = Q .. name
    end
    call('UNLINK', unpack(keys))
    for i, name in ipairs({'l', 'o', 'z'}) do
        if kept[i] then
            call('HSET', Q .. 'm', name, kept[i])
        end
    end
end

if ARGV[3] ~= '2' then
    purge_messages()
end
if ARGV[3] ~= '1' then
    call('UNLINK', Q .. 'u', Q .. 'v', Q .. 'w', Q .. 'i')
end
if call('EXISTS', Q .. 'm') == 1 then
    note_due(Q, now) -- the sweeper lets even this go, in time
end
return 1
