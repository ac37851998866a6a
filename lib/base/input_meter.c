#include "base/input_meter.h"

struct input_meter input_meter;
