-- Sends one message a request.
dofile(os.getenv("NUSKU_BENCH_LOADS") .. "/sqs/common.lua")

function prepare_sqs()
    prepared = wrk.format("POST", queue, nil, message)
end

function request()
    return prepared
end
