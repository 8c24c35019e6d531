-- Reads a subscription. ARGV: now, epoch, id (epoch, number). Returns its three elements, or nothing.

-- @include subscriptions

local record = ARGV[2] == ARGV[3] and find_subscription(ARGV[4])
local reply = {}
if record then
    emit_subscription(reply, ARGV[4], record)
end
return reply
