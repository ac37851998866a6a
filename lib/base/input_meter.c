#include "base/input_meter.h"

struct meter meter;
