-- Reads messages by id, in the order asked for, whatever state they are in.
-- ARGV: now, epoch, then pairs (epoch, seq). Returns the messages that exist.

-- @include queue
-- @include touched
-- @include records
-- @include ids

local epoch = tonumber(ARGV[2])
local lanes = read_queue()
local reply = {}

for i = 3, #ARGV, 2 do
    local seq, record, _, touched = find_by_id(lanes, epoch, tonumber(ARGV[i]), ARGV[i + 1])
    if seq then
        local count, claim = holder(lanes, digits(seq), touched)
        emit(reply, epoch, seq, record, count, claim)
    end
end
return reply
