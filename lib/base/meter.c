#include "base/meter.h"

struct meter meter;
