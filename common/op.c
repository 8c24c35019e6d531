#include "common/op.h"

const char *op_name(enum op_code code)
{
    switch (code) {
#define OP(name, number, changes)                                                                  \
    case OP_##name:                                                                                \
        return #name;
#include "common/ops.def"
#undef OP
    }
    return "?";
}

bool op_known(uint64_t number)
{
    switch (number) {
#define OP(name, number, changes) case number:
#include "common/ops.def"
#undef OP
        return true;
    default:
        return false;
    }
}

bool op_changes(enum op_code code)
{
    switch (code) {
#define OP(name, number, changes)                                                                  \
    case OP_##name:                                                                                \
        return changes;
#include "common/ops.def"
#undef OP
    }
    return false;
}
