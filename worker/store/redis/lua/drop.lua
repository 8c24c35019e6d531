-- Forgets one life of a queue altogether. ARGV: now, epoch, bucket. Returns 1.

-- @include queue

local bucket = tonumber(ARGV[3])
local keys = {Q .. 'm'}

for n = 1, LANES do
    keys[#keys + 1] = lane_key(n)
    keys[#keys + 1] = back_key(n)
end
for name in string.gmatch('xryzdechkauvwi', '.') do
    keys[#keys + 1] = Q .. name
end
for b = bucket - 3, bucket + 1 do
    keys[#keys + 1] = Q .. 'o' .. b
end
call('UNLINK', unpack(keys))
call('ZREM', KEYS[2], Q)
return 1
