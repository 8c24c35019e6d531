-- Messages as they were posted. reply.c reads their heads, and those of emit (records.lua).

-- emit_posted appends an entry of a lane that is as it was posted, never claimed before: all that the head
-- of emit says follows from the entry's id and the ttl.
local function emit_posted(reply, entry, lane)
    local fields = entry[2]
    local head = entry[1] .. ' ' .. lane.ttl
    if fields[6] then
        head = head .. ' ' .. fields[6]
    end
    reply[#reply + 1] = head
    reply[#reply + 1] = fields[4]
end
