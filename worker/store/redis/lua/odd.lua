-- Odd messages, and when a queue is to be looked after.

-- note_due makes sure that the sweeper visits the queue by then.
local function note_due(base, at_ms)
    call('ZADD', KEYS[2], 'LT', digits(at_ms), base)
end

-- expect makes sure that the queue is settled when something becomes due.
local function expect(base, at_ms)
    local known = call('HGET', base .. 'm', 'n')
    if not known or at_ms < tonumber(known) then
        call('HSET', base .. 'm', 'n', digits(at_ms))
    end
end

-- add_odd stores a record of its own under base (Q or a dead letter queue).
local function add_odd(base, seq, record, state)
    local id = digits(seq)
    call('HSET', base .. 'x', id, cmsgpack.pack(record))
    call('ZADD', base .. 'e', digits(record[1]), id)
    call('ZADD', base .. state, id, id)
    expect(base, record[1])
    note_due(base, record[1])
end
