#include "nn/ops.h"

const char *const operation_name[] = {
#define OPERATION_NAME(type, name, arguments) #name,
    DEVICE_OPERATIONS(OPERATION_NAME)
#undef OPERATION_NAME
};

const int operation_count = sizeof operation_name / sizeof *operation_name;
