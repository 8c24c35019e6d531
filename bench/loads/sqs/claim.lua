-- Receives one message a request, and keeps it.
dofile(os.getenv("NUSKU_BENCH_LOADS") .. "/sqs/common.lua")

function prepare_sqs()
    prepared = wrk.format("POST", queue, nil, receive)
end

function request()
    return prepared
end
