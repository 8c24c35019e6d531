-- Deletes all messages and claims of a queue. What was answered to operations stays known, and so does
-- the last number. ARGV: now. Returns 1.

-- @include queue
-- @include odd

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
if kept[1] then
    note_due(Q, now) -- the sweeper lets even this go, in time
end
return 1
