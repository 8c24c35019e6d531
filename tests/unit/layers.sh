#!/bin/sh
# tests/unit/layers.sh - holds the #includes to the direction of the folders, and clocks to common/clock.c.
#
#   common <- catalog <- router      common <- worker      deploy and bench see all of them
#
# A worker reads the catalog in a few files alone; HTTP's library stays out of what has no transport. uthash
# comes by common/hash.h, with a hash that nobody outside can foresee.
# Usage: layers.sh [FOLDER OF THE SOURCE TREE]
cd "${1:-$(dirname "$0")/../..}" || exit 2

for folder in common catalog router worker; do
    [ -d "$folder" ] || { echo "layers: there is no folder $folder"; exit 2; }
done

# Who waits by the wall clock waits for an hour more when it is set back by one.
if grep -rnE --include='*.[ch]' 'pthread_cond_timedwait *\(|CLOCK_REALTIME|gettimeofday *\(|[^a-z_]time *\((NULL|&)' \
    common catalog router worker deploy | grep -v '^common/clock\.[ch]:'; then
    echo "layers: common/clock.h is for the time, and for waiting"
    exit 1
fi

grep -rnE --include='*.[ch]' --include='*.def' \
    '^[[:space:]]*#[[:space:]]*include' common catalog router worker deploy |
awk '
function refuse(why) { print file ":" line ": " $0 " - " why; bad = 1 }

# may tells whether a file of folder from may include one of folder to.
function may(from, to) {
    if (from == to || to == "common") return 1
    if (from == "deploy") return to != "tests" && to != "bench"
    if (from == "router") return to == "catalog"
    if (from == "worker") return to == "catalog" && file ~ /^worker\/(worker\.c|main\.c|registrar\.[ch]|pools\.[ch])$/
    return 0
}

{
    split($0, part, ":")
    file = part[1]
    line = part[2]
    sub(/^[^:]*:[0-9]*:/, "")
    seen++
    if (file ~ /^deploy\/examples\//) # built out of the tree, against what is installed
        next
    from = file
    sub(/\/.*/, "", from)
    if (match($0, /"[^"]*"/)) {
        name = substr($0, RSTART + 1, RLENGTH - 2)
        if (name ~ /(^|\/)\.\.?\//) {
            refuse("the path from the top of the tree is wanted")
        } else if (name !~ /\//) {
            if (name !~ /^nusku_[a-z]+\.h$/) # made while building, of texts of its own folder
                refuse("the path from the top of the tree is wanted")
            else if (name != "nusku_" from ".h")
                refuse("the texts of another folder")
        } else {
            to = name
            sub(/\/.*/, "", to)
            if (!may(from, to))
                refuse(from " does not include " to)
            if (from == "router" && file ~ /^router\/api\// && name ~ /^router\/http\//)
                refuse("the API knows no transport")
        }
    }
    if ($0 ~ /[<"]h2o[.\/]/ && file !~ /^router\/(http\/)?[^\/]*$/)
        refuse("h2o is for router/ and router/http/ alone")
    if ($0 ~ /<uthash\.h>/ && file != "common/hash.h")
        refuse("common/hash.h is wanted")
}
END {
    if (seen < 100) { # else the search itself has failed
        print "layers: only " seen + 0 " #includes were found"
        bad = 1
    }
    exit bad
}'
