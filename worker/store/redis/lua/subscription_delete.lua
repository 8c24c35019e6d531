-- Deletes a subscription. ARGV: now, epoch, id (epoch, number). Returns 1.

-- @include odd
-- @include subscriptions

if ARGV[2] == ARGV[3] and call('HEXISTS', Q .. 'u', ARGV[4]) == 1 then
    remove_subscription(ARGV[4])
    note_due(Q, now) -- it may have been the last thing that the sweeper waits for
end
return 1
